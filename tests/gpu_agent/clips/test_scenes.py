from __future__ import annotations

import random

import numpy as np
import pytest

from gpu_agent.clips.identity import identify
from gpu_agent.clips.scenes import SCENES, SceneReader
from gpu_agent.clips.scenes.optics import NOISE_DEVIATION, View, grain, look
from gpu_agent.clips.scenes.photographs import disparity, photograph
from gpu_agent.codec_kit.frames import Frame


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_renders_the_same_frames_every_time_whatever_was_random_before(name):
    first = identify(SceneReader(SCENES[name]))
    random.seed(7)
    np.random.seed(7)
    photograph.cache_clear()
    disparity.cache_clear()
    assert identify(SceneReader(SCENES[name])) == first


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_keeps_its_word_and_moves(name):
    scene, previous, moved, count = SCENES[name], None, 0, 0
    for frame in SceneReader(scene):
        assert [plane.shape for plane in frame] == [scene.info.luma_shape, *[scene.info.chroma_shape] * 2]
        assert {plane.dtype for plane in frame} == {np.dtype(np.uint8)}
        if previous is not None:
            moved += np.abs(frame.y[::4, ::4].astype(int) - previous).mean() > 0.3
        previous, count = frame.y[::4, ::4].astype(int), count + 1
    assert count == scene.info.frames
    assert moved > count * 0.8
    assert 1.3 <= count / float(scene.info.fps) <= 2.5


def test_hard_cuts_are_hard():
    jumps = []
    previous = None
    for frame in SceneReader(SCENES["scene-cut"]):
        if previous is not None:
            jumps.append(np.abs(frame.y.astype(int) - previous).mean())
        previous = frame.y.astype(int)
    assert jumps[13] > 20
    assert jumps[43] > 20
    assert np.median(jumps) < 8


def test_a_view_straight_on_is_the_photograph_itself():
    photo = photograph("chelsea.png")
    seen = look(photo, View(200, 140, 1.0), 160, 120)
    assert np.array_equal(seen.y, photo.y[80:200, 120:280])
    assert np.array_equal(seen.u, photo.u[40:100, 60:140])


def test_luma_and_chroma_move_together():
    down, across = np.mgrid[0:200, 0:200]
    ramp = (across + down / 2 + 20).clip(0, 255).astype(np.uint8)
    half = ((ramp[0::2, 0::2].astype(int) + ramp[1::2, 1::2]) // 2).astype(np.uint8)
    seen = look(Frame(ramp, half, half), View(90.3, 101.7, 1.5, 0.2), 80, 60)
    below = (seen.y[0::2, 0::2].astype(float) + seen.y[1::2, 1::2]) / 2
    assert np.abs(below[4:-4, 4:-4] - seen.u[4:-4, 4:-4]).max() <= 2


def test_grain_has_its_strength_no_bias_and_is_new_each_time():
    grey = Frame(np.full((256, 256), 116, np.uint8), *[np.full((128, 128), 128, np.uint8)] * 2)
    rng = np.random.Generator(np.random.PCG64(1))
    one, two = (grain(grey, rng, 8).y.astype(float) - 116 for _ in range(2))
    assert one.std() == pytest.approx(8, rel=0.05)
    assert abs(one.mean()) < 0.2
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.05
    assert NOISE_DEVIATION > 0


def test_disparity_covers_the_photograph_and_has_near_and_far():
    depth = disparity()
    height, width = photograph("motorcycle_left.png").y.shape
    assert depth.shape[0] >= 2 * height
    assert depth.shape[1] >= 2 * width
    assert depth.max() > 2 * depth.min() > 0
