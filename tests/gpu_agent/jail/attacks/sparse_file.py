# PHASE: encode
# EXPECT: ok
# WHY: a file of a petabyte that takes no space is refused all the same
import os


def encode(video, rate):
    with open("/tmp/sparse", "wb") as f:
        for size in (1 << 50, 1 << 40, 1 << 30):
            try:
                os.ftruncate(f.fileno(), size)
                print("CANARY-sparse", size)
            except OSError as e:
                print(size, e.errno)
    yield b"x"
