"""Colour conversion against the standards' definitions in floating point."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_agent.codec_kit.color import from_rgb, to_rgb


@pytest.mark.parametrize(("standard", "kr", "kb"), [("601", 0.299, 0.114), ("709", 0.2126, 0.0722)])
def test_planes_are_the_standards(standard, kr, kb):
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    r, g, b = np.moveaxis(rgb / 255, -1, 0)
    y = kr * r + (1 - kr - kb) * g + kb * b
    frame = from_rgb(rgb, standard)
    assert np.abs(frame.y - (16 + 219 * y)).max() <= 0.51
    assert np.abs(frame.u - (128 + 112 * (b - y) / (1 - kb))[::2, ::2]).max() <= 0.51
    assert np.abs(frame.v - (128 + 112 * (r - y) / (1 - kr))[::2, ::2]).max() <= 0.51
    assert np.abs(to_rgb(frame, standard).astype(int) - rgb).max() <= 3


def test_white_black_and_grey_are_exact():
    for value, luma in ((0, 16), (255, 235)):
        frame = from_rgb(np.full((2, 2, 3), value, np.uint8))
        assert (frame.y == luma).all()
        assert (frame.u == 128).all()
        assert (to_rgb(frame) == value).all()


def test_an_unknown_standard_is_named():
    with pytest.raises(ValueError, match="601, 709"):
        from_rgb(np.zeros((2, 2, 3), np.uint8), "2020")
