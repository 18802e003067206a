# PHASE: decode
# EXPECT: timeout
# LIMITS: wall_seconds=0.7
# WHY: all frames are there, but the generator never ends
import time

import numpy as np


def decode(packets, info):
    for _ in range(info.frames):
        yield (
            np.zeros(info.luma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
        )
    time.sleep(1000)
