from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.measure.worst import Area, worst_area, worst_frames


def test_one_bad_scene_does_not_take_all_the_places():
    psnr = [40.0] * 100
    psnr[50:60] = [20.0 + i for i in range(10)]
    psnr[5], psnr[90] = 30.0, 31.0
    assert worst_frames(psnr, 3) == [50, 5, 90]


def test_identical_frames_are_never_worst():
    assert worst_frames([None, 41.0, None]) == [1]
    assert worst_frames([None] * 4) == []


@given(st.lists(st.floats(10, 60), min_size=1, max_size=200))
def test_there_are_five_wherever_the_video_is_long_enough(psnr):
    chosen = worst_frames(psnr)
    assert len(chosen) == min(5, len(psnr))
    assert psnr[chosen[0]] == min(psnr)
    apart = max(1, len(psnr) // 10)
    assert all(abs(a - b) >= apart for i, a in enumerate(chosen) for b in chosen[:i])


@pytest.mark.parametrize("at", [(0, 0), (143, 175), (70, 100), (143, 0)])
def test_the_area_holds_the_error(at):
    source = np.full((144, 176), 100, np.uint8)
    decoded = source.copy()
    decoded[at] = 0
    area = worst_area(source, decoded)
    assert area.x <= at[1] < area.x + area.width
    assert area.y <= at[0] < area.y + area.height
    assert (area.width, area.height) == (96, 96)
    assert area.x % 8 == area.y % 8 == 0


def test_it_is_the_largest_sum_and_not_the_largest_sample():
    source = np.zeros((96, 400), np.uint8)
    decoded = source.copy()
    decoded[10, 10] = 100
    decoded[40:60, 300:320] = 20
    assert worst_area(source, decoded).x > 200


def test_small_and_odd_pictures_are_cut_at_their_edge():
    small = np.zeros((11, 13), np.uint8)
    assert worst_area(small, small + 1) == Area(0, 0, 13, 11)
    odd = np.zeros((97, 203), np.uint8)
    hurt = odd.copy()
    hurt[96, 202] = 255
    area = worst_area(odd, hurt)
    assert (area.x + area.width, area.y + area.height) == (203, 97)
