"""Previews by NVENC are as exact as x264's. Not run where the GPU has no encoder (an H100 has none), and reported so."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from gpu_agent.preview.choice import FACTS, TRIAL, choose, inexact, write_trial
from gpu_agent.preview.encoders import NVENC
from gpu_agent.preview.mp4 import encode_preview
from gpu_agent.road.environment import gpu
from tests.gpu_agent.preview.conftest import clip_of, numbered  # noqa: F401
from tests.gpu_agent.preview.test_mp4 import decoded


def encodes() -> bool:
    """Whether this machine's GPU encodes H.264."""
    if gpu() is None:
        return False
    try:
        context = av.CodecContext.create(NVENC.name, "w")
        context.width, context.height, context.pix_fmt, context.time_base = 256, 128, "yuv420p", Fraction(1, 25)
        context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not encodes(), reason="no GPU with an H.264 encoder on this machine: NVENC was not run"),
]


@pytest.mark.parametrize("fps", ["24000/1001", "25", "60000/1001", "15/2"])
def test_every_frame_is_there_alone_and_exactly_on_time(numbered, tmp_path, fps):  # noqa: F811
    planes, info = numbered(9, fps, 256, 128)
    encode_preview(NVENC, planes, info, tmp_path / "a.mp4", clip_of(info, matrix="bt601", full_range=True))
    pictures, time_base, _ = decoded(tmp_path / "a.mp4")
    assert [picture.pts * time_base for picture in pictures] == [n / info.fps for n in range(9)]
    assert all(picture.key_frame for picture in pictures)
    assert {int(picture.color_range) for picture in pictures} == {2}
    assert {int(picture.colorspace) for picture in pictures} <= {5, 6}
    for n, picture in enumerate(pictures):
        blocks = picture.to_ndarray()[:128].reshape(2, 64, 4, 64).mean(axis=(1, 3)).ravel()
        assert sum(int(level > 120) << bit for bit, level in enumerate(blocks)) == n


def test_the_trial_comes_back_exactly_and_the_choice_says_how_long_it_took(tmp_path):
    write_trial(tmp_path / "trial.yuv")
    encode_preview(NVENC, tmp_path / "trial.yuv", TRIAL, tmp_path / "a.mp4", FACTS)
    assert inexact(tmp_path / "a.mp4", tmp_path / "trial.yuv") is None
    assert "s for 48 frames of 1280x720" in choose().reason
