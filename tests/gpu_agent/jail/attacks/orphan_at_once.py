# PHASE: encode
# EXPECT: crash_start bad_status exception_start leftover
# WHY: an orphan made in the first milliseconds, its parent gone before the agent looks
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(0.01)
    os._exit(0)
os._exit(0)
