# PHASE: encode
# EXPECT: ok
# WHY: the jail's init and the agent do not heed signals from inside, and their ids cannot be mapped anew
import os
import signal


def encode(video, rate):
    for pid in (1, os.getppid()):
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
            try:
                os.kill(pid, number)
            except OSError as e:
                print(pid, e.errno)
        for name in ("uid_map", "gid_map", "environ", "limits"):
            try:
                os.pwrite(os.open(f"/proc/{pid}/{name}", os.O_RDWR), b"0 0 1", 0)
                print("CANARY-wrote", pid, name)
            except OSError as e:
                print(pid, name, e.errno)
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError as e:
        print(e)
    yield b"x"
