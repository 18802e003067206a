# PHASE: encode
# EXPECT: status_flood
# WHY: the pipe for status marks is bounded too
import os


def encode(video, rate):
    for fd in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:"):
                pipes.append(fd)
        except OSError:
            pass
    while True:
        os.write(max(pipes), b"F\xff\xff\xff\xff" * 1000)
    yield b"x"


pipes = []
