"""Running the ffmpeg binary that `imageio-ffmpeg` carries: cancellable, with progress, failures as its own words."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from ..codec_kit.frames import VideoInfo
from .pipeline import MeasureCancelled

POLL_SECONDS = 0.1
QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-progress", "pipe:1")


class FfmpegError(RuntimeError):
    """ffmpeg gave up; the message is its own."""


def executable() -> str:
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


@cache
def version(ffmpeg: str) -> str:
    """ffmpeg's version, such as "n9.0.2"."""
    first = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return first.split()[2]


@cache
def encoders(ffmpeg: str) -> frozenset[str]:
    """Names of the video encoders built in (a GPU's are listed whether or not there is such a GPU)."""
    listing = subprocess.run([ffmpeg, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r"^ V\S{5} (\S+)", listing, re.MULTILINE))


def raw_input(path: Path, info: VideoInfo) -> list[str]:
    """Arguments that read a raw 4:2:0 file as it is."""
    size = f"{info.width}x{info.height}"
    return ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-framerate", str(info.fps), "-i", str(path)]


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    ffmpeg: str | None = None,
    folder: Path | None = None,
    niceness: int = 0,
    cancel: threading.Event | None = None,
    on_progress: Callable[[int], None] = lambda frames: None,
) -> str:
    """Run ffmpeg with `arguments` in `folder` and return its log.

    `on_progress` hears frames done. Raises FfmpegError where it fails, MeasureCancelled once `cancel` is set; either
    way no process is left.
    """
    command = [ffmpeg or executable(), *QUIET, *arguments]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            if niceness:
                os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
            for line in lines(process.stdout.fileno(), cancel):
                if line.startswith(b"frame="):
                    on_progress(int(line[6:]))
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        log.seek(0)
        text = log.read().decode("utf-8", "replace")
    if code < 0:
        raise FfmpegError(f"ffmpeg was ended by {signal.Signals(-code).name}")
    if code != 0:
        raise FfmpegError(reason(text) or f"ffmpeg ended with status {code}")
    return text


def lines(pipe: int, cancel: threading.Event | None):
    """Whole lines from a pipe until it ends, looking at `cancel` many times a second."""
    rest = b""
    while True:
        if cancel is not None and cancel.is_set():
            raise MeasureCancelled
        if not select.select([pipe], [], [], POLL_SECONDS)[0]:
            continue
        chunk = os.read(pipe, 65536)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def reason(log: str) -> str | None:
    """The first line of a log that a level marks as an error (or libvmaf as trouble), else the last line."""
    said = [line.strip() for line in log.splitlines() if line.strip()]
    wrong = [line for line in said if re.search(r"\[(error|fatal)\]|^libvmaf (ERROR|WARNING)", line)]
    found = wrong[0] if wrong else said[-1] if said else None
    return found and re.sub(r" @ 0x[0-9a-f]+|\[(error|fatal|info)\] ", "", found)
