# PHASE: encode
# EXPECT: ok
# WHY: the reference that the agent measures against must not change under it
import ctypes
import mmap
import os


def encode(video, rate):
    frame = video[0]
    paths = ["/source/planes"] + [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
    for path in paths:
        try:
            if os.path.getsize(path) < 100:
                continue
            for action in (lambda p: os.open(p, os.O_RDWR), lambda p: os.truncate(p, 0), lambda p: os.chmod(p, 0o777)):
                try:
                    action(path)
                    print("CANARY-changed", path)
                except OSError as e:
                    print(path, e.errno)
        except OSError as e:
            print(path, e.errno)
    try:
        frame.y[0, 0] = 1
        print("CANARY-wrote a plane")
    except ValueError as e:
        print(e)
    try:
        frame.y.flags.writeable = True
        print("CANARY-made writeable")
    except ValueError as e:
        print(e)
    libc = ctypes.CDLL(None, use_errno=True)
    page = frame.y.ctypes.data & ~4095
    if libc.mprotect(ctypes.c_void_p(page), 4096, mmap.PROT_READ | mmap.PROT_WRITE) == 0:
        print("CANARY-mprotect")
    yield b"x"
