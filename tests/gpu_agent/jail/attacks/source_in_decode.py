# PHASE: decode
# EXPECT: exception
# WHY: the source clip is nowhere that decode can look
import os


def decode(packets, info):
    clip = info.frames * info.frame_bytes
    found = []
    for top in ("/source", "/tmp", "/dev/shm", "/lab", "/codec", "/proc/1/root/source"):
        for folder, _, names in os.walk(top):
            found += [f"{folder}/{n}" for n in names if os.path.getsize(f"{folder}/{n}") == clip]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("fd", "map_files"):
            try:
                for name in os.listdir(f"/proc/{pid}/{kind}"):
                    path = f"/proc/{pid}/{kind}/{name}"
                    target = os.readlink(path)
                    if "planes" in target or "clip" in target or os.stat(path).st_size == clip:
                        found.append(f"{path} {target}")
            except OSError:
                pass
    with open("/proc/self/mountinfo") as f:
        found += [line for line in f if "planes" in line]
    raise RuntimeError(f"LEAKED {found}" if found else "SEALED")
    yield
