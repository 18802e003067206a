"""CANARY-docstring"""

# PHASE: both
# EXPECT: ok
# WHY: a clip may be hidden in what nobody weighs, comments and docstrings, and be read back
import inspect
import linecache
import pathlib
import sys

import numpy as np


def texts():
    """CANARY-in-a-function"""
    me = sys.modules[__name__]
    yield pathlib.Path(__file__).read_text()
    yield "".join(linecache.getlines(__file__))
    yield inspect.getsource(texts)
    yield str(me.__doc__) + str(texts.__doc__) + str(inspect.getcomments(texts))


def encode(video, rate):
    for text in texts():
        for line in text.splitlines():
            if "CANARY" in line and 'ARY" in line' not in line:
                print(line)  # CANARY-comment
    yield b"x"


def decode(packets, info):
    for text in texts():
        for line in text.splitlines():
            if "CANARY" in line and 'ARY" in line' not in line:
                print(line)
    for _ in range(info.frames):
        yield tuple(np.zeros(shape, np.uint8) for shape in (info.luma_shape, info.chroma_shape, info.chroma_shape))
