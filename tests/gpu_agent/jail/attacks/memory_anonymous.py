# PHASE: decode
# EXPECT: memory
# WHY: touched memory without end, slowly enough for a look in between on a busy machine
import time


def decode(packets, info):
    held = []
    while True:
        held.append(bytearray(b"x") * (1 << 22))
        time.sleep(0.01)
    yield
