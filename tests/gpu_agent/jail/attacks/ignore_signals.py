# PHASE: decode
# EXPECT: timeout
# LIMITS: wall_seconds=0.7
# WHY: a loop that ignores every signal it can, in children too
import os
import signal


def decode(packets, info):
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    os.fork()
    while True:
        pass
    yield
