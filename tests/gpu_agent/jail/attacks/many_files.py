# PHASE: encode
# EXPECT: memory
# WHY: empty files take no space but kernel memory
import os


def encode(video, rate):
    for number in range(10_000_000):
        os.mknod(f"/tmp/{number}")
    yield b"x"
