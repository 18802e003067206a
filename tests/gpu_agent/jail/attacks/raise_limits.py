# PHASE: encode
# EXPECT: ok
# WHY: limits and priorities can only be lowered
import os
import resource


def encode(video, rate):
    for name in ("RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_MEMLOCK"):
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        try:
            resource.setrlimit(which, (hard + 1, hard + 1))
            print("CANARY-raised", name)
        except (OSError, ValueError) as e:
            print(name, e)
    for action in (
        lambda: os.nice(-5), lambda: os.setuid(0), lambda: os.setgroups([0]),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    ):  # fmt: skip
        try:
            action()
            print("CANARY-allowed")
        except OSError as e:
            print(e)
    yield b"x"
