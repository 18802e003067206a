"""The metrics that are shown: name, unit, and the exact variant, which is said wherever a number appears."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gpu_agent.models import ResultRow


class Metric(NamedTuple):
    """`label` is short (axes, headers); `variant` says exactly what was computed; `digits` are decimals to show."""

    key: str
    label: str
    unit: str
    variant: str
    digits: int
    note: str = ""
    """The variant in a few words, for an axis."""


CAP = "frames with identical planes count as 60 dB"

METRICS: dict[str, Metric] = {
    m.key: m
    for m in (
        Metric(
            "psnr_y",
            "Y-PSNR",
            "dB",
            f"Y-PSNR: luma, 8 bit, mean over frames of each frame's dB; {CAP}",
            2,
            "luma, mean over frames",
        ),
        Metric(
            "psnr_u", "U-PSNR", "dB", f"U-PSNR: first chroma plane at its own 4:2:0 size, mean over frames; {CAP}", 2
        ),
        Metric(
            "psnr_v", "V-PSNR", "dB", f"V-PSNR: second chroma plane at its own 4:2:0 size, mean over frames; {CAP}", 2
        ),
        Metric(
            "psnr_yuv",
            "PSNR-YUV",
            "dB",
            f"PSNR-YUV: (6 Y + U + V) / 8 of the planes' PSNR, mean over frames; {CAP}",
            2,
            "(6 Y + U + V) / 8",
        ),
        Metric(
            "psnr_y_mse",
            "Y-PSNR (MSE)",
            "dB",
            "Y-PSNR from the mean squared error of all frames together: the value ffmpeg prints",
            2,
            "luma, from mean MSE",
        ),
        Metric(
            "psnr_u_mse", "U-PSNR (MSE)", "dB", "U-PSNR from the mean squared error of all frames: ffmpeg's value", 2
        ),
        Metric(
            "psnr_v_mse", "V-PSNR (MSE)", "dB", "V-PSNR from the mean squared error of all frames: ffmpeg's value", 2
        ),
        Metric("psnr_y_min", "Y-PSNR min", "dB", "Y-PSNR of the worst frame", 2, "luma, worst frame"),
        Metric(
            "psnr_y_p5",
            "Y-PSNR 5 %",
            "dB",
            "Y-PSNR that 5 % of the frames stay under (5th percentile)",
            2,
            "luma, 5th percentile of frames",
        ),
        Metric(
            "ssim",
            "SSIM",
            "",
            "SSIM: Gaussian 11x11, sigma 1.5, luma, mean over frames",
            4,
            "Gaussian 11x11, sigma 1.5, luma",
        ),
        Metric(
            "ssim_u", "U-SSIM", "", "SSIM of the first chroma plane: Gaussian 11x11, sigma 1.5, mean over frames", 4
        ),
        Metric(
            "ssim_v", "V-SSIM", "", "SSIM of the second chroma plane: Gaussian 11x11, sigma 1.5, mean over frames", 4
        ),
        Metric(
            "ms_ssim",
            "MS-SSIM",
            "",
            "MS-SSIM: five scales, Gaussian 11x11, sigma 1.5, luma, mean over frames",
            4,
            "five scales, luma",
        ),
        Metric(
            "ssim_ffmpeg",
            "SSIM (ffmpeg)",
            "",
            "SSIM as ffmpeg's ssim filter computes it: overlapping 8x8 blocks, luma; a cross-check, not comparable with the Gaussian SSIM",
            4,
            "8x8 blocks as in ffmpeg, luma",
        ),
        Metric(
            "xpsnr_y",
            "XPSNR",
            "dB",
            "XPSNR: PSNR weighted by local activity, luma, as ffmpeg's xpsnr filter",
            2,
            "luma",
        ),
        Metric("xpsnr_u", "U-XPSNR", "dB", "XPSNR of the first chroma plane, as ffmpeg's xpsnr filter", 2),
        Metric("xpsnr_v", "V-XPSNR", "dB", "XPSNR of the second chroma plane, as ffmpeg's xpsnr filter", 2),
        Metric(
            "vmaf",
            "VMAF",
            "",
            "VMAF by libvmaf, mean over frames; the model's name is in the record",
            2,
            "libvmaf, mean over frames",
        ),
        Metric(
            "vmaf_neg",
            "VMAF NEG",
            "",
            "VMAF NEG by libvmaf (no gain from enhancement), mean over frames; the model's name is in the record",
            2,
            "libvmaf, no enhancement gain",
        ),
        Metric(
            "vmaf_v1",
            "VMAF v1",
            "",
            "VMAF by libvmaf's newer v1 model, mean over frames; not comparable with VMAF of the older model",
            2,
            "libvmaf, v1 model",
        ),
    )
}


def metric(key: str) -> Metric:
    """The description of a metric; one that this table does not know is shown under the agent's own name."""
    return METRICS.get(key) or Metric(key, key, "", f"{key}, as the agent measured it", 3)


def numeric(value: Any) -> float | None:
    """The value where it is a finite number; a flag is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def value_of(row: ResultRow, key: str) -> float | None:
    """A metric of a row, whether it has a field of its own or is one of the further ones."""
    return numeric(getattr(row, key) if key in ResultRow.model_fields else row.more.get(key))
