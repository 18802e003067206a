# PHASE: encode
# EXPECT: ok
# WHY: the jail's init and the agent are out of reach of signals and of memory access
import os
import signal


def encode(video, rate):
    for pid in (1, os.getppid()):
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
            try:
                os.kill(pid, number)
            except OSError as e:
                print(pid, e.errno)
        for name in ("mem", "oom_score_adj", "uid_map"):
            try:
                fd = os.open(f"/proc/{pid}/{name}", os.O_RDWR)
                os.pwrite(fd, b"0", 0x400000)
                print("CANARY-wrote", pid, name)
            except OSError as e:
                print(pid, name, e.errno)
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError as e:
        print(e)
    yield b"x"
