# PHASE: encode
# EXPECT: ok exception crash timeout memory output_too_large output_invalid bad_status
# WHY: processes are bounded, and the whole tree goes at once
import os
import time


def encode(video, rate):
    try:
        while True:
            if os.fork():
                os.fork()
    except BlockingIOError:
        time.sleep(0.3)
    yield b"x"
