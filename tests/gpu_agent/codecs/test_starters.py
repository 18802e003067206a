"""What must hold for every starter: round trips, determinism, sizes, order of rates, and damage that ends quickly."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_agent.check import check_code
from gpu_agent.codecs import STARTERS, starter

from .conftest import Clip, filled, moving

NAMES = [s.name for s in STARTERS if s.needs is None]  # what needs torch has tests of its own
pytestmark = pytest.mark.parametrize("name", NAMES)
relaxed = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


def psnr(a, b) -> float:
    return 10 * np.log10(255**2 / max(np.mean((np.float64(a) - b) ** 2), 1e-9))


def round_trip(fresh, name: str, clip: Clip, rate: float):
    packets = list(fresh(name).encode(clip, rate))
    frames = list(fresh(name).decode(iter(packets), clip.info))
    assert len(packets) == len(frames) == len(clip)
    for frame, source in zip(frames, clip):
        assert [(p.shape, p.dtype) for p in frame] == [(p.shape, np.uint8) for p in source]
    return packets, frames


def test_the_contract_check_finds_nothing_to_say(name):
    checked = check_code(starter(name).code())
    assert checked.diagnostics == []
    assert checked.rates == (22, 27, 32, 37)


def test_it_is_short_enough_to_read(name):
    assert len(starter(name).code().splitlines()) <= 200


def test_encoding_twice_gives_the_same_bytes(name, fresh):
    clip = moving(48, 32, 4)
    assert list(fresh(name).encode(clip, 27)) == list(fresh(name).encode(clip, 27))


def test_decoder_shows_what_the_encoder_saw(name, fresh):
    """Drift would grow with the frames: the encoder's own reconstruction must be the decoder's, exactly."""
    clip, seen = moving(40, 24, 6), []
    module = fresh(name)
    crop = module.Layout.crop

    class Spy(module.Layout):
        def crop(self, planes):
            seen.append(crop(self, planes))
            return seen[-1]

    module.Layout = Spy
    packets = list(module.encode(clip, 30))
    frames = list(fresh(name).decode(iter(packets), clip.info))
    assert len(seen) == (0 if name == "dct_intra" else len(clip))  # that one has no loop to close
    for mine, theirs in zip(seen, frames):
        for a, b in zip(mine, theirs):
            np.testing.assert_array_equal(a, b)


def test_better_rates_cost_more_and_look_better(name, fresh):
    clip, sizes, quality = moving(64, 48, 4), [], []
    for rate in (22, 27, 32, 37):
        packets, frames = round_trip(fresh, name, clip, rate)
        sizes.append(sum(map(len, packets)))
        quality.append(np.mean([psnr(f.y, s.y) for f, s in zip(frames, clip)]))
    assert sizes == sorted(sizes, reverse=True)
    assert quality == sorted(quality, reverse=True)
    assert quality[0] > 37
    assert quality[-1] > 26


def test_packets_come_one_a_frame_as_frames_are_asked_for(name, fresh):
    clip = moving(32, 32, 3)
    asked = []

    class Lazy(Clip):
        def __iter__(self):
            for i in range(len(self)):
                asked.append(i)
                yield self[i]

    packets = fresh(name).encode(Lazy(clip), 30)
    first = next(packets)
    assert asked == [0]

    def feed():
        yield first
        raise AssertionError("decode asked for the second packet before it gave the first frame")

    next(iter(fresh(name).decode(feed(), clip.info)))


@relaxed
@given(width=st.integers(1, 20), height=st.integers(1, 20), frames=st.integers(1, 3), rate=st.sampled_from((0, 22, 51)))
def test_every_even_size_comes_back_in_shape(name, fresh, width, height, frames, rate):
    round_trip(fresh, name, moving(2 * width, 2 * height, frames), rate)


@pytest.mark.parametrize("value", [0, 255, 128])
def test_flat_pictures_stay_flat(name, fresh, value):
    packets, frames = round_trip(fresh, name, filled(34, 18, 3, lambda shape: value), 32)
    assert max(np.abs(p.astype(int) - value).max() for f in frames for p in f) <= 4
    assert sum(map(len, packets[1:])) < 120


def test_noise_and_extremes_survive(name, fresh):
    rng = np.random.default_rng(1)
    clip = filled(32, 32, 3, lambda shape: 255 * rng.integers(0, 2, shape))
    _, frames = round_trip(fresh, name, clip, 10)
    assert np.mean([psnr(f.y, s.y) for f, s in zip(frames, clip)]) > 40


@relaxed
@given(data=st.data())
def test_damaged_packets_end_in_an_error_or_in_frames(name, fresh, data):
    clip = moving(32, 32, 3)
    packets = list(fresh(name).encode(clip, 27))
    k = data.draw(st.integers(0, len(packets) - 1))
    packet = bytearray(packets[k])
    if data.draw(st.booleans()):
        del packet[data.draw(st.integers(0, len(packet) - 1)) :]
    else:
        packet[data.draw(st.integers(0, len(packet) - 1))] ^= data.draw(st.integers(1, 255))
    packets[k] = bytes(packet)
    frames = []
    with contextlib.suppress(ValueError, IndexError, KeyError):
        for frame in fresh(name).decode(iter(packets), clip.info):
            frames.append([p.shape for p in frame])
    assert all(shapes == [(32, 32), (16, 16), (16, 16)] for shapes in frames)
    assert len(frames) <= 3
