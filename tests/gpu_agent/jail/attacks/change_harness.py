# PHASE: encode
# EXPECT: ok
# WHY: nothing that another run will use can be changed
import os
import sys


def encode(video, rate):
    for path in (
        "/codec/codec.py",
        "/lab/child.py",
        "/lab/codec_kit/frames.py",
        sys.executable,
        "/usr/bin/env",
        os.__file__,
    ):
        for action in (
            lambda p: open(p, "ab").close(), lambda p: os.utime(p, (1, 1)), os.unlink, lambda p: os.chmod(p, 0o777),
            lambda p: os.rename(p, p + "x"), lambda p: os.setxattr(p, "user.x", b"1"),
        ):  # fmt: skip
            try:
                action(path)
                print("CANARY-changed", path)
            except OSError:
                pass
    yield b"x"
