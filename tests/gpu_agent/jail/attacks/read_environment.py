# PHASE: encode
# EXPECT: ok
# WHY: the agent's environment holds tokens and cloud credentials; it must not be in any process of the jail
import os


def encode(video, rate):
    print(dict(os.environ))
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline", "fdinfo/0", "maps"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    print(pid, name, f.read(4000))
            except OSError as e:
                print(pid, name, e.errno)
    yield b"x"
