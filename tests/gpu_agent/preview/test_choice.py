from __future__ import annotations

from itertools import count

import av
import numpy as np
import pytest

from gpu_agent.preview import choice, choose
from gpu_agent.preview.choice import TRIAL, inexact, write_trial
from gpu_agent.preview.encoders import X264, Encoder

STAND_IN = Encoder("libx264", X264.options | {"crf": "16"})
"""x264 by another name: nobody has two H.264 encoders everywhere."""


class Clock:
    """Time that passes only while an encoder works: so many seconds a video by x264, and by another."""

    def __init__(self, monkeypatch, *, x264: float, other: float):
        self.now, self.x264, self.other, self.encode = 0.0, x264, other, choice.encode_preview
        monkeypatch.setattr(choice, "encode_preview", self.work)

    def work(self, encoder, *given):
        self.encode(encoder, *given)
        self.now += self.x264 if encoder == X264 else self.other

    def __call__(self) -> float:
        return self.now


def test_an_encoder_that_is_exact_and_quicker_is_taken(monkeypatch):
    chosen = choose(STAND_IN, Clock(monkeypatch, x264=0.5, other=0.2))
    assert chosen.encoder == STAND_IN
    assert "0.20 s against 0.50 s for 48 frames of 1280x720" in chosen.reason


def test_one_that_is_no_quicker_is_not(monkeypatch):
    chosen = choose(STAND_IN, Clock(monkeypatch, x264=0.5, other=0.5))
    assert chosen.encoder == X264
    assert "is no quicker than libx264" in chosen.reason


def test_one_that_gives_other_pictures_is_not():
    coarse = Encoder("libx264", X264.options | {"crf": "51"})
    assert choose(coarse) == (X264, "libx264 works here, but its frames are not those that went in.")


def test_one_that_does_not_open_is_not_and_the_reason_is_a_sentence():
    chosen = choose(Encoder("libx264", {"preset": "there is no such preset"}))
    assert chosen.encoder == X264
    assert chosen.reason.startswith("libx264 does not work here (Invalid argument): ")


def test_one_that_this_build_does_not_have_is_not():
    assert choose(Encoder("h264_none", {})) == (X264, "PyAV has no h264_none here.")


def test_a_trial_that_cannot_be_made_is_a_reason_too(monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(choice, "write_trial", full)
    chosen = choose()
    assert chosen.encoder == X264
    assert "No space left on device" in chosen.reason


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trial") / "trial.yuv"
    write_trial(path)
    return path


def written(trial, target, options, *, order=None, first=0, gop=1):
    """The trial's frames as H.264 in mp4, with what a player would stumble over."""
    raw = np.fromfile(trial, np.uint8).reshape(TRIAL.frames, TRIAL.height * 3 // 2, TRIAL.width)
    with av.open(str(target), "w") as container:
        stream = container.add_stream(
            "libx264", rate=TRIAL.fps, options={"preset": "ultrafast", "crf": "14", **options}
        )
        stream.width, stream.height, stream.pix_fmt = TRIAL.width, TRIAL.height, "yuv420p"
        stream.codec_context.time_base, stream.codec_context.gop_size = 1 / TRIAL.fps, gop
        for index, at in zip(order or range(TRIAL.frames), count(first)):
            picture = av.VideoFrame.from_ndarray(raw[index], format="yuv420p")
            picture.pts, picture.time_base = at, 1 / TRIAL.fps
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return target


def test_what_a_player_would_stumble_over_is_found(trial, tmp_path):
    wrong = tmp_path / "wrong.mp4"
    swapped = [1, 0, *range(2, TRIAL.frames)]
    assert inexact(written(trial, wrong, {}), trial) is None
    assert inexact(written(trial, wrong, {}, gop=12), trial) == "not every frame is a key frame"
    assert inexact(written(trial, wrong, {"bf": "2"}, gop=12), trial) == "its frames are not on time"
    assert inexact(written(trial, wrong, {}, order=swapped), trial) == "its frames are not those that went in"
    assert inexact(written(trial, wrong, {}, order=range(TRIAL.frames - 1)), trial) == "its frames are not on time"
