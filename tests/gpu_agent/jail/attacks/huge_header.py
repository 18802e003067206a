# PHASE: encode
# EXPECT: output_too_large
# WHY: a length of 4 GiB makes the agent take no memory
import os


def encode(video, rate):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    os.write(pipes[1], b"\xff\xff\xff\xff")
    while True:
        os.write(pipes[1], bytes(65536))
    yield b"x"
