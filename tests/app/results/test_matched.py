"""The nearest point at matched bit rate or quality, and the sentence that says what is shown."""

from __future__ import annotations

import pytest

from app.results.contender import Contender, Footage, OnClip
from app.results.matched import nearest, sentence
from app.results.playable import playable, source_of
from gpu_agent.anchors import AnchorPoint, point_key
from tests.gpu_agent.factory import row

ROWS = [row(rate=r, kbps=k, psnr_yuv=p) for r, k, p in ((37, 100.0, 30.0), (32, 210.0, 33.0), (27, 400.0, 36.0))]
FOOTAGE = Footage("carphone", "c" * 64, 8, 176, 144, "25")


@pytest.mark.parametrize(
    ("kbps", "psnr", "match", "rate"),
    [(412.0, 31.0, "bitrate", 27), (412.0, 31.0, "quality", 37), (150.0, 34.4, "bitrate", 32), (150.0, 34.6, "quality", 27),
     (1.0, 99.0, "bitrate", 37), (1.0, 99.0, "quality", 27), (205.0, 31.5, "quality", 37)],
)  # fmt: skip
def test_the_nearest_point_by_ratio_of_bits_or_by_quality(kbps, psnr, match, rate):
    assert nearest(ROWS, row(kbps=kbps, psnr_yuv=psnr), match).rate == rate


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_what_is_shown_is_said_with_bits_and_quality():
    a, b = row(rate=27, kbps=424.4, psnr_yuv=36.42), row(rate=29, kbps=412.0, psnr_yuv=36.0)
    assert plain(sentence("Hybrid", a, "x264 medium", b, "bitrate")) == (
        "Showing Hybrid at rate 27 against x264 medium at 412 kbit/s (rate 29): 3.0 % more bits, "
        "PSNR-YUV 0.42 dB higher."
    )
    assert "3.0 % more bits" not in sentence("x264 medium", b, "Hybrid", a, "bitrate")
    assert "as many bits, the same PSNR-YUV." in sentence("a", a, "b", a, "bitrate")
    assert plain(sentence("Source", None, "Hybrid", a, None)) == (
        "Showing Hybrid at rate 27, 424 kbit/s, against the source."
    )


def test_a_nearest_point_that_is_far_away_is_said_to_be():
    near, far = row(rate=27, kbps=100.0, psnr_yuv=36.0), row(rate=29, kbps=130.0, psnr_yuv=38.0)
    assert "bit rates do not match" in sentence("a", near, "b", far, "bitrate")
    assert "qualities do not match" in sentence("a", near, "b", far, "quality")
    assert "do not match" not in sentence("a", near, "b", far, None)
    assert "do not match" not in sentence("a", near, "b", row(kbps=110.0, psnr_yuv=36.5), "bitrate")


def test_every_kind_has_its_pictures_where_the_agent_answers_for_them():
    experiment = Contender("experiment", "exp-000001", "Hybrid", {FOOTAGE.key: OnClip(FOOTAGE, tuple(ROWS))})
    point = playable(experiment, FOOTAGE, ROWS[2])
    assert point.preview == "exp-000001/carphone/r27/preview.mp4"
    assert point.exact == "exp-000001/carphone/r27/frames/{frame}/decoded.png"
    assert point.planes == "exp-000001/carphone/r27/frames/{frame}/decoded.planes.png"
    assert point.stimulus.experiment == "exp-000001"
    known = {k: getattr(ROWS[0], k) for k in AnchorPoint.model_fields if hasattr(ROWS[0], k)} | {"rate": 29}
    anchor_row = AnchorPoint(**known, ms_ssim=None, ssim_ffmpeg=None, vmaf_neg=None, command="ffmpeg")
    anchor = playable(Contender("anchor", "x264-medium", "x264 medium"), FOOTAGE, anchor_row)
    assert anchor.preview == f"{point_key('c' * 64, 8, 'x264-medium', anchor_row)}/preview.mp4"
    assert "encodes x264 medium at 29" in anchor.wait
    assert anchor.stimulus.experiment is None
    source = source_of(FOOTAGE)
    assert (source.exact, source.series) == (f"clips/{'c' * 64}/frames/{{frame}}/source.png", None)
