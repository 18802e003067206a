# PHASE: encode
# EXPECT: ok
# WHY: nothing of the kernel's switches can be written
import os


def encode(video, rate):
    for path in (
        "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
        "/sys/fs/cgroup/cgroup.procs", "/proc/self/uid_map", "/proc/self/gid_map", "/proc/timer_list",
        "/proc/sys/user/max_user_namespaces", "/proc/irq/0/smp_affinity",
    ):  # fmt: skip
        try:
            fd = os.open(path, os.O_WRONLY)
            os.write(fd, b"1")
            print("CANARY-wrote", path)
        except OSError as e:
            print(path, e.errno)
    yield b"x"
