"""One trip of a clip through a codec: encoded and decoded in two jails that share nothing but the bitstream file.

Decoded frames go to a file and are measured afterwards, so that measuring neither slows the codec's clock nor competes
for its cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..bitstream import BitstreamWriter, read_bitstream
from ..codec_kit.frames import VideoInfo
from ..jail import Outcome, Verdict
from ..jail.gpumemory import Overwritten
from ..models import Clip, Experiment, Rate
from .arrivals import Arrivals
from .report import RunCancelled, RunFailed
from .tools import Tools

Tick = Callable[[str, int, int], None]
"""Called with stage, frames done, frames total."""


@dataclass(frozen=True)
class Source:
    """A clip as one experiment uses it: its raw planes, and what the codec is told."""

    clip: Clip
    planes: Path
    info: VideoInfo

    def first(self, frames: int) -> Source:
        return Source(self.clip, self.planes, self.info._replace(frames=min(frames, self.info.frames)))


def source_of(clip: Clip, planes: Path, frames: int | None) -> Source:
    count = clip.frames if frames is None else min(frames, clip.frames)
    return Source(clip, planes, VideoInfo(clip.width, clip.height, count, Fraction(clip.fps)))


@dataclass
class Coded:
    """What one trip through both jails left behind; milliseconds are the waits for each packet and each frame.

    `gpu`: what was done about the GPU's memory between the two, where there is one.
    """

    bitstream: Path
    decoded: Path
    packet_sizes: list[int]
    encode: Outcome
    decode: Outcome
    encode_ms: list[float]
    decode_ms: list[float]
    gpu: Overwritten | None = None


def code_and_decode(
    tools: Tools,
    experiment: Experiment,
    source: Source,
    rate: Rate,
    folder: Path,
    tick: Tick,
    cancel: threading.Event,
    *,
    counts: bool = True,
) -> Coded:
    """Encode and decode in two fresh jails. Raises RunFailed with the codec's own traceback, or RunCancelled.

    `counts` false: nothing is measured of what comes out, so nothing is gained by a message through the page cache.
    """
    bitstream, decoded = folder / "bitstream.clb", folder / "decoded.yuv"
    with tools.gate:
        with bitstream.open("wb") as file:
            writer = BitstreamWriter(file, source.info)
            packets = Arrivals()

            def on_packet(packet: bytes) -> None:
                packets.note()
                writer.write(packet)

            encode = tools.jail.encode(
                experiment.code,
                source.planes,
                source.info,
                rate,
                experiment.limits,
                on_packet=on_packet,
                on_progress=lambda n: tick("encode", n, source.info.frames),
                cancel=cancel,
            )
        settle(encode, cancel)
        gpu = None
        if counts:
            tools.jail.normalise_page_cache()
            gpu = tools.jail.overwrite_gpu_memory()
        tick("decode", 0, source.info.frames)
        frames = Arrivals()
        decode = decode_to(tools, experiment, bitstream, decoded, tick, cancel, on_arrival=frames.note)
        settle(decode, cancel)
    times = packets.milliseconds(encode), frames.milliseconds(decode)
    return Coded(bitstream, decoded, writer.packet_sizes, encode, decode, *times, gpu)


def decode_to(
    tools: Tools,
    experiment: Experiment,
    bitstream: Path,
    target: Path,
    tick: Tick,
    cancel: threading.Event,
    on_arrival: Callable[[], None] = lambda: None,
) -> Outcome:
    """Decode a stored bitstream into raw planes at `target`. The caller holds the gate and judges the outcome."""
    info, packets = read_bitstream(bitstream)
    done = 0
    with target.open("wb") as file:

        def on_frame(frame: memoryview) -> None:
            nonlocal done
            on_arrival()
            file.write(frame)
            done += 1
            tick("decode", done, info.frames)

        return tools.jail.decode(experiment.code, packets, info, experiment.limits, on_frame=on_frame, cancel=cancel)


def settle(outcome: Outcome, cancel: threading.Event) -> None:
    """Turn anything but a clean end into the exception that ends the run.

    Ctrl-C in a terminal reaches the jail's processes too: what dies of it was cancelled and has not failed.
    """
    if outcome.verdict is Verdict.CANCELLED or (cancel.is_set() and not outcome.ok):
        raise RunCancelled
    if outcome.failure is not None:
        raise RunFailed(outcome.failure, outcome.log)


def stop_if(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise RunCancelled
