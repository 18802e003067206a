"""What the jail costs: one encode in it against the same child as a bare process, and its pipe's speed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import gpu_agent.jail.child
from gpu_agent.codec_kit import VideoInfo
from gpu_agent.jail import Jail
from gpu_agent.models import Limits

from .row import Row, fastest

CODE = "def encode(video, rate):\n    yield b'x'\n"
STREAM = """
import numpy as np
def decode(packets, info):
    planes = [np.zeros(s, np.uint8) for s in (info.luma_shape, info.chroma_shape, info.chroma_shape)]
    for _ in range(info.frames):
        yield planes
"""
SMALL = VideoInfo(32, 16, 1, Fraction(30))
LARGE = VideoInfo(1920, 1080, 200, Fraction(30))
ROUNDS = 25


def bare(folder: Path) -> None:
    """The same child with the same pipes, without bubblewrap, limits or supervision."""
    code, lab = folder / "codec.py", Path(gpu_agent.jail.child.__file__)
    code.write_text(CODE)
    pipes = [os.pipe() for _ in range(3)]
    fds = [pipes[0][0], pipes[1][1], pipes[2][1]]
    job = {"mode": "encode", "rate": 1, "width": 32, "height": 16, "frames": 1, "fps": "30", "rlimits": {}}
    job |= {"source": str(folder / "planes"), "code": str(code), "fds": fds}
    command = [sys.executable, "-s", "-P", "-B", str(lab), json.dumps(job)]
    environment = {"PYTHONPATH": str(lab.parents[1]), "OPENBLAS_NUM_THREADS": str(len(os.sched_getaffinity(0)))}
    os.write(pipes[0][1], b"G")
    subprocess.run(command, pass_fds=fds, env=environment, check=True)
    for fd in (fd for pair in pipes for fd in pair):
        os.close(fd)


def run() -> list[Row]:
    jail = Jail()
    status = jail.status()
    if not status.available:
        return [Row("overhead of the jail per run", status.message, "the same child bare", "–", "at most 30 ms", False)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "planes").write_bytes(bytes(SMALL.frame_bytes))
        ignore = lambda data: None
        jailed = lambda: jail.encode(CODE, folder / "planes", SMALL, 1, Limits(), on_packet=ignore)
        within, without = (seconds * 1000 for seconds in fastest(jailed, lambda: bare(folder), rounds=ROUNDS))
    large = jail.decode(STREAM, [], LARGE, Limits(), on_frame=ignore)
    speed = large.output_bytes / large.wall_seconds / 1e6
    added, ratio = within - without, f"{within / without:.2f}"
    reference = f"{without:.1f} ms, the same child bare"
    return [
        Row(f"one run, level {status.level}", f"{within:.1f} ms", reference, ratio, "at most 30 ms more", added <= 30),
        Row("frames out of the jail", f"{speed:,.0f} MB/s", "–", "–"),
    ]
