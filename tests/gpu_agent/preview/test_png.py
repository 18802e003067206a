from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from gpu_agent.codec_kit.frames import Frame, VideoInfo
from gpu_agent.preview import frame_png
from gpu_agent.preview.png import to_rgb

from .conftest import clip_of

INFO = VideoInfo(8, 4, 3, Fraction(25))


def write(path, frames):
    path.write_bytes(b"".join(np.asarray(plane, np.uint8).tobytes() for frame in frames for plane in frame))
    return path


def flat(y, u=128, v=128):
    return Frame(np.full((4, 8), y, np.uint8), np.full((2, 4), u, np.uint8), np.full((2, 4), v, np.uint8))


def rgb_of(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize(
    ("yuv", "matrix", "full_range", "rgb"),
    [
        # 8-bit code values of 100 % colour bars: ITU-R BT.601 and BT.709, and JPEG (JFIF 1.02).
        ((16, 128, 128), "bt709", False, (0, 0, 0)),
        ((235, 128, 128), "bt601", False, (255, 255, 255)),
        ((126, 128, 128), "bt601", False, (128, 128, 128)),
        ((81, 90, 240), "bt601", False, (255, 0, 0)),
        ((145, 54, 34), "bt601", False, (0, 255, 0)),
        ((41, 240, 110), "bt601", False, (0, 0, 255)),
        ((63, 102, 240), "bt709", False, (255, 0, 0)),
        ((173, 42, 26), "bt709", False, (0, 255, 0)),
        ((32, 240, 118), "bt709", False, (0, 0, 255)),
        ((76, 85, 255), "bt601", True, (255, 0, 0)),
        ((200, 128, 128), "bt709", True, (200, 200, 200)),
    ],
)
def test_colours_are_the_standards(yuv, matrix, full_range, rgb):
    assert to_rgb(flat(*yuv), matrix, full_range)[0, 0].tolist() == pytest.approx(rgb, abs=1.5)


def test_grey_is_exact_and_out_of_range_is_clipped():
    assert (to_rgb(flat(0), "bt709", False) == 0).all()
    assert (to_rgb(flat(255), "bt709", False) == 255).all()
    levels = [int(to_rgb(flat(y), "bt601", False)[0, 0, 1]) for y in range(16, 236)]
    assert levels == [round((y - 16) * 255 / 219) for y in range(16, 236)]


def test_the_frame_asked_for_is_shown_sample_by_sample(tmp_path):
    frames = [flat(50), flat(100), flat(150)]
    frames[1].y[2, 5] = 200
    source = write(tmp_path / "s", frames)
    facts = clip_of(INFO, full_range=True)
    image = rgb_of(frame_png(source, None, INFO, 1, "source", facts=facts))
    assert image.shape == (4, 8, 3)
    assert (image[2, 5] == 200).all()
    image[2, 5] = 100
    assert (image == 100).all()
    decoded = rgb_of(frame_png(source, write(tmp_path / "d", frames[::-1]), INFO, 0, "decoded", facts=facts))
    assert (decoded == 150).all()


def test_padding_is_not_shown(tmp_path):
    source = write(tmp_path / "s", [flat(50)] * 3)
    facts = clip_of(INFO, visible_width=7, visible_height=3)
    assert rgb_of(frame_png(source, None, INFO, 0, "source", facts=facts)).shape == (3, 7, 3)


def test_each_chroma_sample_covers_its_four_luma_samples(tmp_path):
    frame = flat(128)
    frame.v[1, 2] = 200
    image = to_rgb(frame, "bt601", True).astype(int)
    tinted = image[..., 0] != 128
    assert tinted[2:4, 4:6].all()
    assert tinted.sum() == 4


@pytest.mark.parametrize(("gain", "shown"), [(1, 131), (4, 140), (100, 255)])
def test_a_difference_is_grey_where_equal_and_amplified_elsewhere(tmp_path, gain, shown):
    changed = flat(53)
    changed.y[0, 0] = 50
    source, decoded = write(tmp_path / "s", [flat(50)] * 3), write(tmp_path / "d", [changed] * 3)
    image = rgb_of(frame_png(source, decoded, INFO, 2, "difference", gain=gain, facts=clip_of(INFO)))
    assert (image[0, 0] == 128).all()
    assert (image[1:] == shown).all()
    darker = rgb_of(frame_png(decoded, source, INFO, 2, "difference", gain=gain, facts=clip_of(INFO)))
    assert (darker[1:] == max(0, 256 - shown - (shown == 255))).all()


def test_an_error_in_colour_shows_as_a_tint(tmp_path):
    source, decoded = write(tmp_path / "s", [flat(50)] * 3), write(tmp_path / "d", [flat(50, 128, 138)] * 3)
    red, green, blue = rgb_of(frame_png(source, decoded, INFO, 0, "difference", facts=clip_of(INFO)))[0, 0].astype(int)
    assert red > 160
    assert green < 128
    assert blue == 128


def test_frames_and_planes_that_are_not_there_are_sentences(tmp_path):
    source = write(tmp_path / "s", [flat(50)] * 2)
    facts = clip_of(INFO)
    for index in (-1, 3):
        with pytest.raises(ValueError, match="There is no frame"):
            frame_png(source, None, INFO, index, "source", facts=facts)
    with pytest.raises(ValueError, match="ends before frame 2"):
        frame_png(source, None, INFO, 2, "source", facts=facts)
    for kind in ("decoded", "difference"):
        with pytest.raises(ValueError, match="decoded frames are not there"):
            frame_png(source, None, INFO, 0, kind, facts=facts)
    with pytest.raises(ValueError, match="not as 'sideways'"):
        frame_png(source, source, INFO, 0, "sideways", facts=facts)
