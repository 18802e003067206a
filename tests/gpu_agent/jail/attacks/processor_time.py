# PHASE: encode
# EXPECT: cpu_timeout
# WHY: processor time is counted over all children, also those that are gone
# LIMITS: cpu_seconds=0.5 wall_seconds=30
import os
import time


def encode(video, rate):
    while True:
        if os.fork() == 0:
            until = time.process_time() + 0.1
            while time.process_time() < until:
                pass
            os._exit(0)
        os.wait()
    yield
