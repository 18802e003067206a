"""Coding orders: every picture once, references coded before, few pictures kept."""

from __future__ import annotations

import pytest

from gpu_agent.codec_kit.gop import Picture, order, outdated, references


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 16])
def test_every_picture_comes_once_and_the_far_end_first(length):
    pictures = list(order(10, 10 + length))
    assert sorted(p.poc for p in pictures) == list(range(11, 11 + length))
    assert pictures[0] == Picture(10 + length, 0)


def test_references_are_known_nearest_first_and_of_lower_level():
    known = {0: 0}
    for picture in order(0, 16):
        past, future = references(picture, known, 2)
        for poc in (*past, *future):
            assert known[poc] < max(picture.level, 1)
        if picture.level:
            assert past[0] < picture.poc < future[0]
            assert past == sorted(past, reverse=True)
            assert future == sorted(future)
        known[picture.poc] = picture.level
    assert sorted(outdated(known, 2)) == list(range(1, 16))


def test_anchors_have_the_past_in_both_lists():
    assert references(Picture(32, 0), {0: 0, 16: 0, 8: 1}, 2) == ([16, 0], [16, 0])
