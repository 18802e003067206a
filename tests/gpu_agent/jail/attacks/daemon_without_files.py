# PHASE: decode
# EXPECT: ok leftover
# WHY: a daemon that has closed everything leaves no sign in the pipes; it must die with the namespace
import os
import time

import numpy as np


def decode(packets, info):
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 1024)
        if os.fork() == 0:
            while True:
                time.sleep(0.1)
        os._exit(0)
    for _ in range(info.frames):
        yield (
            np.zeros(info.luma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
        )
