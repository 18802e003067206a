# PHASE: encode
# EXPECT: crash exception
# WHY: the 32-bit and x32 calls have other numbers, so the filter ends whoever uses them
import ctypes
import platform


def encode(video, rate):
    if platform.machine() != "x86_64":
        raise RuntimeError("this machine has no second ABI to try")
    ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))
    print("CANARY-x32")
    yield b"x"
