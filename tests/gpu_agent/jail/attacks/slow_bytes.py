# PHASE: decode
# EXPECT: timeout
# LIMITS: wall_seconds=0.7
# WHY: a trickle of bytes past the harness never extends the time
import os
import time


def decode(packets, info):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    while True:
        os.write(pipes[1], b"\0")
        time.sleep(0.05)
    yield
