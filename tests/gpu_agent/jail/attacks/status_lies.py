# PHASE: decode
# EXPECT: output_short
# WHY: 'done' on the status pipe, exit code 0, half the frames: the agent's own count decides
import os


def decode(packets, info):
    pipes = [fd for fd in range(3, 64) if is_pipe(fd)]
    os.write(pipes[1], bytes(info.frame_bytes * info.frames - 1))
    os.write(pipes[2], b"D")
    os._exit(0)
    yield


def is_pipe(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")
    except OSError:
        return False
