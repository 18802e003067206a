from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from gpu_agent.clips import ClipCancelled
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.preview import make_preview, mp4
from gpu_agent.preview.encoders import X264, Encoder

from .conftest import clip_of


def decoded(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return list(container.decode(stream)), stream.time_base, stream.codec_context


@pytest.mark.parametrize("fps", ["24000/1001", "25", "30000/1001", "50", "60000/1001", "12", "15/2"])
def test_every_frame_is_there_alone_and_exactly_on_time(numbered, tmp_path, fps):
    planes, info = numbered(9, fps)
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info))
    pictures, time_base, _ = decoded(tmp_path / "a.mp4")
    assert [picture.pts * time_base for picture in pictures] == [n / info.fps for n in range(9)]
    assert all(picture.key_frame for picture in pictures)
    assert {picture.format.name for picture in pictures} == {"yuv420p"}


def test_the_preview_is_close_to_the_planes(tmp_path):
    info = VideoInfo(96, 64, 5, Fraction(25))
    down, across = np.mgrid[0:64, 0:96]
    frames = [(120 + 70 * np.sin((across + 5 * n) / 11) + 20 * np.cos(down / 5)).astype(np.uint8) for n in range(5)]
    chroma = (128 + 30 * np.sin(np.mgrid[0:32, 0:48][1] / 6)).astype(np.uint8)
    planes = tmp_path / "a.yuv"
    planes.write_bytes(b"".join(y.tobytes() + chroma.tobytes() * 2 for y in frames))
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info))
    for picture, y in zip(decoded(tmp_path / "a.mp4")[0], frames):
        got = picture.to_ndarray()
        error = got[:64].astype(float) - y
        assert 10 * np.log10(255**2 / (error**2).mean()) > 40
        assert np.abs(got[64:].reshape(2, 32, 48).astype(int) - chroma).mean() < 2


@pytest.mark.parametrize(
    ("matrix", "full_range", "space", "span"), [("bt601", False, (5, 6), 1), ("bt709", True, (1,), 2)]
)
def test_colour_is_tagged_as_the_clips(numbered, tmp_path, matrix, full_range, space, span):
    planes, info = numbered(2)
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info, matrix=matrix, full_range=full_range))
    picture = decoded(tmp_path / "a.mp4")[0][0]
    assert int(picture.colorspace) in space
    assert int(picture.color_range) == span
    assert (int(picture.color_primaries), int(picture.color_trc)) == (1, 1)


def test_the_index_lies_before_the_samples(numbered, tmp_path):
    planes, info = numbered(3)
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info))
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_only_the_first_frames_are_shown_where_fewer_were_run(numbered, tmp_path):
    planes, info = numbered(8)
    short = info._replace(frames=3)
    make_preview(planes, short, tmp_path / "a.mp4", clip_facts=clip_of(info))
    assert len(decoded(tmp_path / "a.mp4")[0]) == 3


def test_progress_is_told_and_cancel_leaves_nothing(numbered, tmp_path):
    planes, info = numbered(4)
    folder, steps = tmp_path / "out", []
    with pytest.raises(ClipCancelled):
        make_preview(
            planes,
            info,
            folder / "a.mp4",
            clip_facts=clip_of(info),
            on_progress=lambda *step: steps.append(step),
            cancel=lambda: len(steps) == 2,
        )
    assert steps == [(1, 4), (2, 4)]
    assert list(folder.iterdir()) == []


def test_planes_that_are_too_short_are_an_error_and_an_older_preview_stays(numbered, tmp_path):
    planes, info = numbered(4)
    target = tmp_path / "out" / "a.mp4"
    make_preview(planes, info, target, clip_facts=clip_of(info))
    before = target.read_bytes()
    with pytest.raises(ValueError, match="ends before frame 4"):
        make_preview(planes, info._replace(frames=5), target, clip_facts=clip_of(info))
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["a.mp4"]


EXTERNAL = av.error.tag_to_code(b"EXT ")
"""FFmpeg's number for an error of a library outside it, which NVENC is."""


class Breaking:
    """A stream whose encoder fails after `left` frames, as a driver may that goes away."""

    def __init__(self, stream, left):
        self.stream, self.left = stream, left

    def encode(self, *picture):
        self.left -= 1
        if self.left < 0:
            raise av.error.ExternalError(EXTERNAL, "it broke")
        return self.stream.encode(*picture)


def test_an_encoder_that_fails_midway_is_followed_by_x264_from_the_start(numbered, tmp_path, monkeypatch, caplog):
    planes, info = numbered(6)
    open_stream, steps = mp4._stream, []

    def opened(container, encoder, *rest):
        stream = open_stream(container, encoder, *rest)
        return stream if encoder == X264 else Breaking(stream, 3)

    monkeypatch.setattr(mp4, "_stream", opened)
    other = Encoder("libx264", X264.options | {"crf": "20"})
    told = {"on_progress": lambda *step: steps.append(step), "encoder": other}
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info), **told)
    pictures, time_base, _ = decoded(tmp_path / "a.mp4")
    assert [picture.pts * time_base for picture in pictures] == [n / info.fps for n in range(6)]
    assert [done for done, _ in steps] == [1, 2, 3, 1, 2, 3, 4, 5, 6]
    assert "so libx264 makes this preview" in caplog.text
    assert not list(tmp_path.glob("*.part"))


def test_an_encoder_that_does_not_open_is_replaced_too(numbered, tmp_path):
    planes, info = numbered(3)
    refused = Encoder("libx264", {"preset": "there is no such preset"})
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info), encoder=refused)
    assert len(decoded(tmp_path / "a.mp4")[0]) == 3


def test_where_x264_itself_fails_there_is_no_preview(numbered, tmp_path, monkeypatch):
    planes, info = numbered(3)
    open_stream = mp4._stream
    monkeypatch.setattr(mp4, "_stream", lambda *given: Breaking(open_stream(*given), 1))
    with pytest.raises(av.FFmpegError, match="it broke"):
        make_preview(planes, info, tmp_path / "out" / "a.mp4", clip_facts=clip_of(info))
    assert list((tmp_path / "out").iterdir()) == []
