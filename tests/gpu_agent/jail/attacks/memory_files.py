# PHASE: encode
# EXPECT: memory
# WHY: anonymous files that nobody maps are in no resident set; as slowly as memory_anonymous
import os
import time


def encode(video, rate):
    held, data = [], b"x" * (1 << 20)
    while True:
        held.append(os.memfd_create("hoard"))
        for _ in range(4):
            os.write(held[-1], data)
        time.sleep(0.01)
    yield
