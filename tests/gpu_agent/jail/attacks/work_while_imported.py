# PHASE: encode
# EXPECT: ok
# WHY: what is done while the codec is imported is on no clock, so the clip is not there yet
import os


def holds(path, start):
    try:
        with open(path, "rb") as f:
            return f.read(len(start)) == start
    except OSError:
        return False


def clips():
    start = bytes.fromhex("SOURCE_START")
    found = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd") if int(n) > 2]
    found = [path for path in found if os.path.isfile(path)]
    for top in ("/source", "/tmp", "/dev/shm", "/lab", "/codec", "/proc/1/root/source", "/proc/1/cwd"):
        for folder, _, names in os.walk(top):
            found += [f"{folder}/{name}" for name in names]
    return [path for path in found if holds(path, start)]


EARLY = clips()


def encode(video, rate):
    print("CANARY-read before the clock" if EARLY else "nothing", EARLY)
    if "/source/planes" not in clips():
        raise RuntimeError("this attack would not find the clip where it is")
    yield b"x"
