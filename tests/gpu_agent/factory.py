"""Small records for tests that need an experiment but no run."""

from __future__ import annotations

from gpu_agent.contract import EXAMPLE
from gpu_agent.models import ClipRef, Experiment, ExperimentRequest, ResultRow
from gpu_agent.road.freeze import freeze


def experiment(code: str = EXAMPLE, **changes) -> Experiment:
    clips = changes.pop("clips", [ClipRef(name="carphone", sha256="0" * 64, width=176, height=144, frames=8, fps="25")])
    record = freeze(ExperimentRequest(code=code), clips)
    return record.model_copy(update=changes)


def row(clip: str = "carphone", rate: int = 22, **changes) -> ResultRow:
    values = {
        "clip": clip,
        "rate": rate,
        "frames": 8,
        "bytes": 1000,
        "kbps": 25.0,
        "bpp": 0.04,
        "psnr_y": 37.5,
        "psnr_u": 40.0,
        "psnr_v": 41.0,
        "psnr_yuv": 38.25,
        "ssim": 0.95,
        "encode_seconds": 2.0,
        "decode_seconds": 1.0,
        "encode_fps": 4.0,
        "decode_fps": 8.0,
        "bitstream_sha256": "a" * 64,
        "decoded_sha256": "b" * 64,
    }
    return ResultRow(**(values | changes))
