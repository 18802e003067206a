# PHASE: decode
# EXPECT: exception
# WHY: the source clip is nowhere that decode can look
import os


def holds(path, start):
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as f:
        return f.read(len(start)) == start


def decode(packets, info):
    start = bytes.fromhex("SOURCE_START")
    clip = info.frames * info.frame_bytes
    found = []
    for top in ("/source", "/tmp", "/dev", "/lab", "/codec", "/proc/1/root/source"):
        for folder, _, names in os.walk(top):
            found += [f"{folder}/{n}" for n in names if holds(f"{folder}/{n}", start)]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("fd", "map_files"):
            try:
                for name in os.listdir(f"/proc/{pid}/{kind}"):
                    path = f"/proc/{pid}/{kind}/{name}"
                    target = os.readlink(path)
                    if "planes" in target or os.stat(path).st_size == clip or holds(path, start):
                        found.append(f"{path} {target}")
            except OSError:
                pass
    with open("/proc/self/mountinfo") as f:
        found += [line for line in f if "planes" in line]
    raise RuntimeError(f"LEAKED {found}" if found else "SEALED")
    yield
