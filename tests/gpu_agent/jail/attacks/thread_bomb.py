# PHASE: decode
# EXPECT: exception ok timeout output_invalid memory
# WHY: threads count as processes do
import threading
import time


def decode(packets, info):
    while True:
        threading.Thread(target=time.sleep, args=(60,)).start()
    yield
