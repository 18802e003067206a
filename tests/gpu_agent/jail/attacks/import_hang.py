# PHASE: encode
# EXPECT: timeout_start
# LIMITS: start_seconds=1
# WHY: the time for importing is its own, and ends a module that ignores every signal
import signal
import time

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    time.sleep(1)
