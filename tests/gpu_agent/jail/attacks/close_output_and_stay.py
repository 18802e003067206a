# PHASE: encode
# EXPECT: timeout
# LIMITS: wall_seconds=0.7
# WHY: an output that has ended does not end the deadline
import os
import time


def encode(video, rate):
    yield b"x"
    os.closerange(3, 64)
    time.sleep(1000)
