# PHASE: decode
# EXPECT: output_invalid output_too_large
# WHY: more frames than there are
import numpy as np


def decode(packets, info):
    while True:
        yield (
            np.zeros(info.luma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
        )
