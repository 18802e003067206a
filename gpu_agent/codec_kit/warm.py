"""Compile the kit ahead of time, so that a codec in a fresh jail starts in a second instead of a minute or two.

`prepare(home)` gives a folder to show read-only in the jail as PREPARED (beside the kit); it compiles in a process of
its own, once for each version of the sources, of numba and of Python. By hand: `python warm.py FOLDER`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

KIT = Path(__file__).resolve().parent
JAILED = "/lab/codec_kit"
PREPARED = JAILED + "_compiled"
CODEC = KIT.parent / "codecs" / "hybrid.py"


def key() -> str:
    """What a compiled cache is good for: these files at these times (numba compares times), numba, Python."""
    digest = hashlib.sha256(f"{version('numba')} {sys.version}".encode())
    for path in [*sorted(KIT.glob("*.py")), CODEC]:
        digest.update(f"{path.name} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def subfolder(kit: str) -> str:
    """numba's own name for the cache of functions that lie in the folder `kit`."""
    return f"{Path(kit).name}_{hashlib.sha1(kit.encode()).hexdigest()}"


def prepare(home: Path, kit: str = JAILED, timeout: float = 900) -> Path:
    """The folder of compiled functions for a kit seen at `kit`, made under `home` where it is missing; others there
    are removed. Raises subprocess.SubprocessError where compiling fails. Safe to call from several processes."""
    target = home / key()
    if target.is_dir():
        return target
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".making-") as folder:
        clean = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        env = clean | {"NUMBA_CACHE_DIR": folder, "NUMBA_NUM_THREADS": "1"}
        subprocess.run(
            [sys.executable, str(KIT / "warm.py")], env=env, check=True, timeout=timeout, capture_output=True
        )
        made = Path(folder, "made")
        made.mkdir()
        Path(folder, subfolder(str(KIT))).rename(made / subfolder(kit))
        for old in home.iterdir():
            if not old.name.startswith(".making-"):
                shutil.rmtree(old, ignore_errors=True)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    return target


def compile_all() -> None:
    """Run the champion on a few small frames; every function that a codec meets is compiled on the way."""
    import importlib.util
    from fractions import Fraction

    sys.path[:] = [str(KIT.parent), *(p for p in sys.path if p != str(KIT))]
    import numpy as np
    from codec_kit.frames import Frame, VideoInfo

    spec = importlib.util.spec_from_file_location("codec", CODEC)
    codec = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(codec)

    class Video(list):
        info = VideoInfo(80, 72, 3, Fraction(25))

    noise = np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8)
    noise[40:] //= 8
    video = Video(Frame(noise[t : t + 72, :80], noise[t : t + 36, 5:45], noise[t : t + 36, :40]) for t in range(3))
    for rate in (10, 40):
        list(codec.decode(iter(list(codec.encode(video, rate))), video.info))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(prepare(Path(sys.argv[1])))
    else:
        compile_all()
