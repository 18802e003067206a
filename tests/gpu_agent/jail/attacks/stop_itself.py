# PHASE: encode
# EXPECT: timeout
# LIMITS: wall_seconds=0.7
# WHY: a stopped process answers nothing; SIGKILL ends it all the same
import os
import signal


def encode(video, rate):
    yield b"x"
    os.kill(os.getpid(), signal.SIGSTOP)
