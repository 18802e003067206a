# PHASE: decode
# EXPECT: crash
# WHY: a native crash, told with its signal; no core file
import ctypes


def decode(packets, info):
    ctypes.string_at(1)
    yield
