"""The figures of a point that others' code computes: VMAF, VMAF-NEG and XPSNR, or why they cannot be had."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..codec_kit.frames import VideoInfo
from ..measure import VMAF_MODELS, vmaf, xpsnr

Wanted = Literal["on", "with_v1", "off"]
OFF = "VMAF is switched off on this agent (CODEC_LAB_VMAF)"


LATER = "measured after the run, while no codec runs; it is not there yet"


def expected(wanted: Wanted) -> dict[str, str]:
    """What a new row lacks, and why: the figures that are measured later, or not at all."""
    models = {"vmaf": LATER, "vmaf_neg": LATER} if wanted != "off" else {"vmaf": OFF, "vmaf_neg": OFF}
    newer = {"vmaf_v1": LATER} if wanted == "with_v1" else {}
    return models | newer | {f"xpsnr_{plane}": LATER for plane in "yuv"}


@dataclass
class Perceptual:
    """`figures` by name as in DEFINITIONS, models' names beside; `missing` has the reason of each that is not there.
    `series` holds a value a frame."""

    figures: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    series: dict[str, list[float | None]] = field(default_factory=dict)

    def put(self, name: str, value: float | None, reason: str | None) -> None:
        if value is None:
            self.missing[name] = reason or "not measured"
        else:
            self.figures[name] = value


def perceptual(
    source: Path,
    decoded: Path,
    info: VideoInfo,
    *,
    visible: tuple[int, int],
    wanted: Wanted = "on",
    on_progress: Callable[[int], None] = lambda frames: None,
    cancel: threading.Event | None = None,
) -> Perceptual:
    """Raises MeasureCancelled once `cancel` is set. VMAF runs on all usable cores, XPSNR (one core) beside it."""
    found = Perceptual()
    options = {"visible": visible, "cancel": cancel}
    with ThreadPoolExecutor(1, thread_name_prefix="xpsnr") as pool:
        beside = pool.submit(xpsnr, source, decoded, info, **options)
        if wanted == "off":
            found.missing |= {"vmaf": OFF, "vmaf_neg": OFF}
        else:
            standard = vmaf(source, decoded, info, on_progress=on_progress, **options)
            found.put("vmaf", standard.mean, standard.reason)
            found.put("vmaf_neg", standard.neg_mean, standard.reason)
            if standard.mean is not None:
                found.figures |= {"vmaf_model": standard.model, "vmaf_neg_model": standard.neg_model}
                found.series |= {"vmaf": rounded(standard.frames), "vmaf_neg": rounded(standard.neg_frames)}
        if wanted == "with_v1":
            newer = vmaf(source, decoded, info, model=VMAF_MODELS[1], **options)
            found.put("vmaf_v1", newer.mean, newer.reason)
            if newer.mean is not None:
                found.figures["vmaf_v1_model"] = newer.model
                found.series["vmaf_v1"] = rounded(newer.frames)
        weighted = beside.result()
    infinite = "infinite: the planes are identical"
    for plane in "yuv":
        found.put(f"xpsnr_{plane}", getattr(weighted, plane), weighted.reason or infinite)
    if weighted.frames_y:
        found.series["xpsnr_y"] = rounded(weighted.frames_y)
    return found


def rounded(values: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 4) for value in values]
