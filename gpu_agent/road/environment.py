"""What the run ran on: recorded with every experiment so that a figure can be traced to its machine."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..measure.ffmpeg import executable, version
from ..measure.pipeline import usable_cores
from ..preview.mp4 import THREADS as PREVIEW_THREADS

PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "opencv-python-headless", "constriction", "av", "imageio-ffmpeg",
    "bjontegaard", "torch",
)  # fmt: skip
"""What codecs compute with and what measures them: another version of any may give another figure."""


def environment() -> dict[str, Any]:
    """Names and versions, JSON-able. Costs file reads at most once a process."""
    return {
        "build": build_hash(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := installed(name))},
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cores": usable_cores(),
        "threads": {"measure": usable_cores(), "preview": PREVIEW_THREADS},
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
        "gpu": gpu(),
        "ffmpeg": ffmpeg_version(),
    }


@functools.cache
def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def ffmpeg_version() -> str | None:
    """Of the binary that measures VMAF and makes the anchors; None where there is none."""
    try:
        return version(executable())
    except (OSError, RuntimeError, ImportError, subprocess.SubprocessError):
        return None


@functools.cache
def build_hash() -> str:
    """Hash of the agent's own source files: two agents of one build answer the same."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


@functools.cache
def gpu() -> dict[str, Any] | None:
    """Name, memory and driver of the first NVIDIA GPU, or None. `torch` says whether PyTorch is installed beside it."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    try:
        text = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        name, memory, driver = (part.strip() for part in text.splitlines()[0].split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return {"name": name, "memory_mb": int(float(memory)), "driver": driver, "torch": find_spec("torch") is not None}
