# PHASE: decode
# EXPECT: output_too_large
# WHY: one byte more than the frames take, written past the harness
import os


def decode(packets, info):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    os.write(pipes[1], bytes(info.frames * info.frame_bytes + 1))
    while True:
        pass
    yield
