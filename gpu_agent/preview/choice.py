"""Which encoder makes the previews of an agent's runs: NVENC where it works, is frame-exact and is quicker; else x264.

Decided once, by encoding. Each preview opens an encoder of its own, which costs NVENC a CUDA context: on short clips
that may be more than it saves, so both are timed. Previews that are made again when somebody looks come from x264
always: a codec may be using the GPU just then, and its memory is not to be touched.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.models import Clip

from .encoders import NVENC, X264, Encoder
from .mp4 import encode_preview

TRIAL = VideoInfo(1280, 720, 48, Fraction(30000, 1001))
FACTS = Clip(
    name="trial", title="Trial", origin="rendered", sha256="0" * 64, width=TRIAL.width, height=TRIAL.height,
    visible_width=TRIAL.width, visible_height=TRIAL.height, frames=TRIAL.frames, fps="30000/1001", seconds=1.6,
)  # fmt: skip
ROUNDS = 2
"""The first loads libraries and drivers."""
MOST_ERROR = 65.0
"""Mean squared error of a frame's luma: 30 dB. Neighbours of the trial's frames are far worse."""
log = logging.getLogger(__name__)


class Choice(NamedTuple):
    """`reason`: a sentence that says why it is this encoder."""

    encoder: Encoder
    reason: str


NO_GPU = Choice(X264, "No NVIDIA GPU is used here.")


def choose(candidate: Encoder = NVENC, clock: Callable[[], float] = time.perf_counter) -> Choice:
    """Try `candidate` on a small video. Raises nothing: whatever goes wrong is the reason for x264."""
    try:
        with tempfile.TemporaryDirectory(prefix="codec-lab-") as folder:
            return _tried(candidate, Path(folder), clock)
    except av.codec.codec.UnknownCodecError:
        return Choice(X264, f"PyAV has no {candidate.name} here.")
    except av.FFmpegError as refused:
        why = "this GPU has no video encoder, or its driver is too old"
        return Choice(X264, f"{candidate.name} does not work here ({refused.strerror}): {why}.")
    except Exception as problem:
        log.exception("%s could not be tried", candidate.name)
        return Choice(X264, f"{candidate.name} could not be tried ({type(problem).__name__}: {problem}).")


def _tried(candidate: Encoder, folder: Path, clock: Callable[[], float]) -> Choice:
    planes, target = folder / "trial.yuv", folder / "trial.mp4"
    write_trial(planes)

    def seconds(encoder: Encoder) -> float:
        best = float("inf")
        for _ in range(ROUNDS):
            began = clock()
            encode_preview(encoder, planes, TRIAL, target, FACTS)
            best = min(best, clock() - began)
        return best

    new = seconds(candidate)
    if wrong := inexact(target, planes):
        return Choice(X264, f"{candidate.name} works here, but {wrong}.")
    known = seconds(X264)
    times = f"{new:.2f} s against {known:.2f} s for {TRIAL.frames} frames of {TRIAL.width}x{TRIAL.height}"
    if new >= known:
        return Choice(X264, f"{candidate.name} works here, but is no quicker than {X264.name}: {times}.")
    return Choice(candidate, f"{candidate.name} is quicker here than {X264.name}: {times}.")


def write_trial(path: Path) -> None:
    """Texture that moves by a good part of its size from frame to frame, so that no frame passes for another."""
    y, x = np.indices(TRIAL.luma_shape, dtype=np.float32)
    texture = (128 + 60 * np.sin(x / 19) * np.cos(y / 13) + 40 * np.sin((x + y) / 41)).astype(np.uint8)
    chroma = bytes([110, 150]) * (TRIAL.frame_bytes // 3 // 2)
    with path.open("wb") as file:
        for n in range(TRIAL.frames):
            file.write(np.roll(texture, (23 * n, 37 * n), (0, 1)).tobytes())
            file.write(chroma)


def inexact(preview: Path, planes: Path) -> str | None:
    """What a player would stumble over, as the end of a sentence; None where every frame is alone, whole and on time."""
    raw = np.memmap(planes, np.uint8, "r", shape=(TRIAL.frames, TRIAL.frame_bytes))
    luma = TRIAL.width * TRIAL.height
    with av.open(str(preview)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        if [packet.pts * stream.time_base for packet in packets] != [n / TRIAL.fps for n in range(TRIAL.frames)]:
            return "its frames are not on time"
        if not all(packet.is_keyframe for packet in packets):
            return "not every frame is a key frame"
        pictures = [picture for packet in packets for picture in packet.decode()] + list(stream.decode(None))
    if len(pictures) != TRIAL.frames:
        return f"{len(pictures)} frames come back of {TRIAL.frames}"
    for picture, samples in zip(pictures, raw):
        error = picture.to_ndarray()[: TRIAL.height].ravel().astype(np.int32) - samples[:luma]
        if float((error * error).mean()) > MOST_ERROR:
            return "its frames are not those that went in"
    return None
