# PHASE: decode
# EXPECT: ok
# WHY: hooks at exit come too late: the output is closed and they are not run
import atexit
import contextlib
import os
import threading

import numpy as np


def more():
    print("CANARY-hook")
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(fd, bytes(100))


class Last:
    def __del__(self):
        more()


keep = Last()


def decode(packets, info):
    atexit.register(more)
    threading.Thread(target=threading.Event().wait, daemon=False).start()
    for _ in range(info.frames):
        yield (
            np.zeros(info.luma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
            np.zeros(info.chroma_shape, np.uint8),
        )
