"""The golden pair: a small video whose figures are known, measured whenever an agent starts.

A compiler, a package or a CPU that makes the kernels say something else is noticed before anything is ranked by them.
The frames are made with integer arithmetic alone, so that they are the same bytes everywhere. The expected SSIM and
MS-SSIM are those of scikit-image and of the definition in float64; all others were taken when the kernels agreed with
their references, which the tests check on this very pair. `golden_figures()` are the figures of the day.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..codec_kit.frames import VideoInfo
from .pipeline import measure

INFO = VideoInfo(192, 178, 3, Fraction(25))
VISIBLE = (191, 177)
EXACT, CLOSE = 1e-9, 5e-7
"""PSNR comes from exact integers; SSIM sums float32, in an order that depends on the CPU's vector width."""

EXPECTED: dict[str, float] = {
    "psnr_y": 44.643600144285976,
    "psnr_u": 44.60268689845359,
    "psnr_v": 44.60803990394069,
    "psnr_yuv": 44.634040958513765,
    "psnr_y_mse": 42.50683858585876,
    "psnr_u_mse": 42.47392613615001,
    "psnr_v_mse": 42.46394282648496,
    "psnr_y_min": 39.38933859525622,
    "psnr_y_p5": 39.79106957536841,
    "ssim": 0.9799516726275215,
    "ssim_u": 0.9805505193672267,
    "ssim_v": 0.9811409982582681,
    "ms_ssim": 0.9995026935425589,
    "ssim_ffmpeg": 0.8652940593270021,
}


def golden_pair() -> tuple[bytes, bytes]:
    """Raw 4:2:0 source and decoded video: texture, edges, flat areas, both extremes; growing damage."""
    source, decoded = [], []
    for t in range(INFO.frames):
        for plane, (height, width) in enumerate((INFO.luma_shape, INFO.chroma_shape, INFO.chroma_shape)):
            y, x = np.indices((height, width), dtype=np.uint32)
            waves = (x * x // 97 + y * (3 + plane) + 5 * t) % 256
            blocks = (x // 24 + y // 16 + plane) % 4
            clean = np.choose(blocks, [waves, scramble(x + 2 * t, y) % 256, np.full_like(x, 255), np.zeros_like(x)])
            damage = scramble(x + 311 * plane, y + 1009 * t) % (4 * t + 3)
            hurt = np.clip(clean.astype(np.int64) + damage - (2 * t + 1), 0, 255)
            source.append(clean.astype(np.uint8).tobytes())
            decoded.append(hurt.astype(np.uint8).tobytes())
    return b"".join(source), b"".join(decoded)


def scramble(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A hash of the position that looks like noise (xorshift and multiply, modulo 2^32)."""
    value = x * np.uint32(374761393) + y * np.uint32(668265263)
    value = (value ^ (value >> np.uint32(13))) * np.uint32(1274126177)
    return value ^ (value >> np.uint32(16))


def golden_figures() -> dict[str, float]:
    """What this machine measures on the golden pair."""
    with tempfile.TemporaryDirectory(prefix="codec-lab-") as folder:
        paths = Path(folder) / "source.yuv", Path(folder) / "decoded.yuv"
        for path, frames in zip(paths, golden_pair()):
            path.write_bytes(frames)
        measured = measure(*paths, INFO, visible=VISIBLE).to_dict()
    return {name: value for name, value in measured.items() if isinstance(value, float)}


def check_golden() -> str | None:
    """None where this machine measures what it should; otherwise a sentence, and nothing it measures may be ranked."""
    measured = golden_figures()
    for name, expected in EXPECTED.items():
        found = measured.get(name)
        allowed = EXACT if name.startswith("psnr") else CLOSE
        if found is None or not abs(found - expected) <= allowed:
            return (
                f"This machine measures {name} of the golden pair as {found} instead of {expected}: its figures cannot "
                f"be compared with others. Reinstall the packages of requirements.txt and clear numba's cache."
            )
    return None
