# PHASE: encode
# EXPECT: memory
# WHY: shared anonymous pages are no process's private memory; as slowly as memory_anonymous
import mmap
import time


def encode(video, rate):
    held = []
    while True:
        held.append(mmap.mmap(-1, 1 << 22))
        held[-1].write(b"x" * (1 << 22))
        time.sleep(0.01)
    yield
