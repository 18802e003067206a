# PHASE: encode
# EXPECT: ok leftover
# WHY: a daemon that keeps the pipes open must neither survive nor hold the agent up
import os
import time


def encode(video, rate):
    yield b"x"
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
