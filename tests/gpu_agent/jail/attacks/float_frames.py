# PHASE: decode
# EXPECT: output_invalid
# WHY: NaN and infinity in planes of floats; nothing is converted
import numpy as np


def decode(packets, info):
    for _ in range(info.frames):
        yield np.full(info.luma_shape, np.nan), np.full(info.chroma_shape, np.inf), np.zeros(info.chroma_shape)
