# PHASE: encode
# EXPECT: memory
# WHY: many children, each within the limit, together over it
import os
import time


def encode(video, rate):
    for _ in range(20):
        if os.fork() == 0:
            held = bytearray(b"x") * (16 << 20)
            time.sleep(60)
            os._exit(len(held) & 1)
    time.sleep(60)
    yield
