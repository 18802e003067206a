"""The outcome of a measurement: per-frame series, and the aggregates that are shown and compared.

Every figure names its definition, because definitions differ by more than most inventions gain. See DEFINITIONS.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .frame import FrameScores, PlaneArea, psnr
from .gaussian import MS_SSIM_MIN_SIDE, WINDOW
from .integer import FFMPEG_MIN_SIDE

PSNR_CAP = 60.0
"""dB at which a frame's PSNR is capped in means, so that one identical frame does not make a clip infinite."""

DEFINITIONS = {
    "psnr_y": "Y-PSNR: mean over frames of each frame's dB, capped at 60, on 8-bit luma",
    "psnr_u": "U-PSNR: as Y-PSNR, on the U plane at its own size",
    "psnr_v": "V-PSNR: as Y-PSNR, on the V plane at its own size",
    "psnr_yuv": "PSNR-YUV: (6 Y + U + V) / 8 of the three mean PSNRs",
    "psnr_y_mse": "Y-PSNR from the mean squared error of all frames: what ffmpeg prints",
    "psnr_u_mse": "U-PSNR from the mean squared error of all frames: what ffmpeg prints",
    "psnr_v_mse": "V-PSNR from the mean squared error of all frames: what ffmpeg prints",
    "psnr_y_min": "Y-PSNR of the worst frame",
    "psnr_y_p5": "Y-PSNR that 95 % of the frames reach (5th percentile)",
    "ssim": "SSIM of luma, 11x11 Gaussian window (Wang 2004, as scikit-image), mean over frames",
    "ssim_u": "SSIM of the U plane, 11x11 Gaussian window",
    "ssim_v": "SSIM of the V plane, 11x11 Gaussian window",
    "ms_ssim": "MS-SSIM of luma over five scales (Wang 2003, 2x2 means), mean over frames",
    "ssim_ffmpeg": "SSIM of luma as ffmpeg's filter prints it (8x8 windows), mean over frames",
    "vmaf": "VMAF of libvmaf, mean over frames",
    "vmaf_neg": "VMAF-NEG of libvmaf: VMAF without credit for sharpening, mean over frames",
    "vmaf_v1": "VMAF of libvmaf by its newer v1 model, mean over frames",
    "xpsnr_y": "XPSNR of luma as ffmpeg's filter prints it (perceptually weighted PSNR)",
    "xpsnr_u": "XPSNR of the U plane as ffmpeg's filter prints it",
    "xpsnr_v": "XPSNR of the V plane as ffmpeg's filter prints it",
}


@dataclass
class FrameSeries:
    """One value a frame, in display order. PSNR in dB, None where the planes are identical (infinite)."""

    psnr_y: list[float | None]
    psnr_u: list[float | None]
    psnr_v: list[float | None]
    ssim_y: list[float | None]
    ssim_u: list[float | None]
    ssim_v: list[float | None]
    ms_ssim_y: list[float | None]
    ssim_ffmpeg_y: list[float | None]
    sse_y: list[int]
    sse_u: list[int]
    sse_v: list[int]

    def to_dict(self) -> dict[str, list]:
        """Plain lists for JSON; never a NaN or an infinity."""
        return asdict(self)


@dataclass
class Measurement:
    """A decoded video against its source. None: not measurable at this size (`missing` says why) or infinite."""

    series: FrameSeries
    psnr_y: float
    psnr_u: float
    psnr_v: float
    psnr_yuv: float
    psnr_y_mse: float | None
    psnr_u_mse: float | None
    psnr_v_mse: float | None
    psnr_y_min: float
    psnr_y_p5: float
    ssim: float | None
    ssim_u: float | None
    ssim_v: float | None
    ms_ssim: float | None
    ssim_ffmpeg: float | None
    lossless: bool
    alignment_warning: str | None = None
    missing: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The aggregates without the series, for JSON; never a NaN or an infinity."""
        return {name: value for name, value in vars(self).items() if name != "series"}


def summarise(scores: Sequence[FrameScores], luma: PlaneArea, chroma: PlaneArea) -> Measurement:
    """Series and aggregates of all frames' scores (at least one)."""
    sse = [[score[plane] for score in scores] for plane in range(3)]
    samples = (luma.samples, chroma.samples, chroma.samples)
    psnrs = [[psnr(error, count) for error in plane] for plane, count in zip(sse, samples)]
    series = FrameSeries(
        *psnrs,
        *([getattr(score, name) for score in scores] for name in FrameScores._fields[3:]),
        *sse,
    )
    capped = [np.array([capped_db(value) for value in plane]) for plane in psnrs]
    y, u, v = (float(plane.mean()) for plane in capped)
    from_mse = [psnr(sum(plane), count * len(scores)) for plane, count in zip(sse, samples)]
    means = {name: mean(getattr(series, name)) for name in FrameScores._fields[3:]}
    return Measurement(
        series=series,
        psnr_y=y,
        psnr_u=u,
        psnr_v=v,
        psnr_yuv=(6 * y + u + v) / 8,
        psnr_y_mse=from_mse[0],
        psnr_u_mse=from_mse[1],
        psnr_v_mse=from_mse[2],
        psnr_y_min=float(capped[0].min()),
        psnr_y_p5=float(np.percentile(capped[0], 5)),
        ssim=means["ssim_y"],
        ssim_u=means["ssim_u"],
        ssim_v=means["ssim_v"],
        ms_ssim=means["ms_ssim_y"],
        ssim_ffmpeg=means["ssim_ffmpeg_y"],
        lossless=not any(map(sum, sse)),
        missing=missing_at(luma, chroma),
    )


def capped_db(value: float | None) -> float:
    return PSNR_CAP if value is None else min(value, PSNR_CAP)


def mean(values: Sequence[float | None]) -> float | None:
    """Mean over frames; None where the frames have no value (they all lack it together, for their size)."""
    return None if None in values else math.fsum(values) / len(values)


def missing_at(luma: PlaneArea, chroma: PlaneArea) -> dict[str, str]:
    """Which figures frames of this size cannot have, each with the reason."""
    needs = {
        "ssim": (luma, WINDOW),
        "ssim_u": (chroma, WINDOW),
        "ssim_v": (chroma, WINDOW),
        "ms_ssim": (luma, MS_SSIM_MIN_SIDE),
        "ssim_ffmpeg": (luma, FFMPEG_MIN_SIDE),
    }
    return {
        name: f"needs planes of at least {side}x{side} samples; these are {area.width}x{area.height}"
        for name, (area, side) in needs.items()
        if area.shorter < side
    }
