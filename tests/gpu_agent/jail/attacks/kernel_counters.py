# PHASE: decode
# EXPECT: exception
# WHY: counters of the whole kernel, which encode could have turned, cannot be read


def decode(packets, info):
    seen = []
    for path in (
        "/proc/stat", "/proc/vmstat", "/proc/interrupts", "/proc/softirqs", "/proc/diskstats", "/proc/loadavg", "/proc/uptime",
        "/proc/sys/fs/file-nr", "/proc/sys/fs/inode-nr", "/proc/sys/kernel/ns_last_pid", "/proc/zoneinfo", "/proc/locks",
        "/proc/keys", "/proc/pressure/cpu", "/proc/buddyinfo", "/sys/devices/system/cpu/cpu0/cpuidle/state0/usage",
    ):  # fmt: skip
        try:
            with open(path, "rb") as f:
                if f.read(10):
                    seen.append(path)
        except OSError:
            pass
    raise RuntimeError(f"LEAKED {seen}" if seen else "SEALED")
    yield
