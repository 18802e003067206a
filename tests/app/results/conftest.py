"""Records to show: one builder for an experiment, one for a measured point."""

from __future__ import annotations

import pytest

from gpu_agent.models import ClipRef, Experiment, ResultRow


def make_row(clip="carphone", rate=22, kbps=212.0, psnr=37.9, ssim=0.956, **more) -> ResultRow:
    values = {
        "clip": clip, "rate": rate, "frames": 120, "bytes": round(kbps * 500), "kbps": kbps, "bpp": kbps / 760,
        "psnr_y": psnr, "psnr_u": psnr + 3, "psnr_v": psnr + 4, "psnr_yuv": psnr + 0.875, "ssim": ssim,
        "encode_seconds": 8.0, "decode_seconds": 2.0, "encode_fps": 15.0, "decode_fps": 60.0,
        "bitstream_sha256": "b" * 64, "decoded_sha256": "d" * 64,
    }  # fmt: skip
    return ResultRow(**(values | more))


def make_experiment(rows=(), status="succeeded", clips=("carphone",), **more) -> Experiment:
    values = {
        "id": "261104-101500-ab12cd34", "title": "Wavelet, second try", "status": status,
        "created_at": "2026-11-04T10:15:00.000000Z", "code": "RATES = (22,)\n", "code_sha256": "c" * 64,
        "decoder_bytes": 2311, "clips": [ClipRef(name=c, sha256=c.ljust(64, "0"), frames=120, fps="25") for c in clips],
        "rates": [22, 27, 32, 37], "results": list(rows),
    }  # fmt: skip
    return Experiment(**(values | more))


def make_curve(clip="carphone", factor=1.0) -> list[ResultRow]:
    points = ((22, 212.0, 37.9, 0.956), (27, 120.0, 35.1, 0.93), (32, 61.0, 32.2, 0.89), (37, 33.0, 29.4, 0.83))
    return [make_row(clip, rate, kbps * factor, psnr, ssim) for rate, kbps, psnr, ssim in points]


@pytest.fixture
def row():
    return make_row


@pytest.fixture
def experiment():
    return make_experiment


@pytest.fixture
def curve():
    return make_curve
