"""The champion: what the decoder shows is what the encoder saw, whatever the video, and damage ends quickly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit import Frame
from tests.gpu_agent import kit
from tests.gpu_agent.codecs.conftest import Clip, filled, moving

DAMAGE = (ValueError, IndexError, OverflowError)


def both_ways(clip, rate):
    """(packets, decoded); fails where a decoded picture is not bit for bit what the encoder predicted from."""
    codec = kit.hybrid()
    seen = []
    end = codec.Stream.end

    def watched(stream, picture, *rest):
        frame = end(stream, picture, *rest)
        seen.append((picture.poc, frame))
        return frame

    codec.Stream.end = watched
    packets = list(codec.encode(clip, rate))
    encoder, seen = dict(seen), []
    decoded = list(kit.hybrid().decode(iter(packets), clip.info))
    assert len(decoded) == len(clip)
    for n, frame in enumerate(decoded):
        for plane, predicted, source in zip(frame, encoder[n], clip[n], strict=True):
            assert plane.dtype == np.uint8
            assert plane.shape == source.shape
            np.testing.assert_array_equal(plane, predicted)
    return packets, decoded


def mse(a, b):
    return np.mean([(x.astype(float) - y) ** 2 for f, g in zip(a, b) for x, y in zip(f[:1], g[:1])])


@pytest.mark.parametrize(
    ("width", "height", "frames"),
    [(2, 2, 1), (2, 2, 3), (8, 2, 2), (34, 18, 4), (66, 70, 2), (80, 48, 1), (16, 16, 19)],
)
def test_round_trip_of_odd_sizes_and_lengths(width, height, frames):
    clip = moving(width, height, frames)
    _, decoded = both_ways(clip, 22)
    assert mse(clip, decoded) < 25


@pytest.mark.parametrize("rate", [-40, 0, 22, 51, 99])
def test_round_trip_at_extreme_rates(rate):
    clip = moving(48, 40, 3)
    packets, decoded = both_ways(clip, rate)
    if rate <= 0:
        assert mse(clip, decoded) < 1
    if rate == 99:
        assert sum(map(len, packets)) < 120


def test_round_trip_of_noise_and_flat_and_cuts():
    rng = np.random.default_rng(4)
    noise = filled(40, 24, 3, lambda s: rng.integers(0, 256, s))
    both_ways(noise, 12)
    flat = filled(64, 64, 4, lambda s: np.full(s, 201))
    packets, decoded = both_ways(flat, 32)
    assert mse(flat, decoded) == 0
    assert sum(map(len, packets)) < 40
    cut = Clip([*moving(48, 48, 3, 1), *moving(48, 48, 3, 9)])
    _, decoded = both_ways(cut, 22)
    assert max(mse(cut[i : i + 1], decoded[i : i + 1]) for i in range(6)) < 30


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5), st.integers(0, 50), st.integers(0, 2**32 - 1))
def test_round_trip_of_anything(half_width, half_height, frames, rate, seed):
    rng = np.random.default_rng(seed)
    clip = moving(2 * half_width, 2 * half_height, frames, seed)
    for frame in clip:
        if rng.random() < 0.5:
            y, x = rng.integers(0, frame.y.shape[0]), rng.integers(0, frame.y.shape[1])
            frame.y[y:, x:] = rng.integers(0, 256, frame.y[y:, x:].shape)
    both_ways(clip, rate)


def test_better_rates_cost_more_and_look_better():
    clip = moving(64, 48, 5)
    points = [both_ways(clip, rate) for rate in kit.hybrid().RATES]
    sizes, errors = [sum(map(len, p)) for p, _ in points], [mse(clip, d) for _, d in points]
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


def test_frames_come_as_soon_as_they_can():
    clip = moving(16, 16, 35)
    packets = list(kit.hybrid().encode(clip, 32))
    fed = []

    def feed():
        for n, packet in enumerate(packets):
            fed.append(n)
            yield packet

    frames = kit.hybrid().decode(feed(), clip.info)
    next(frames)
    assert len(fed) == 1
    assert sum(1 for _ in zip(range(15), frames)) == 15
    assert len(fed) <= 17


@pytest.mark.parametrize("damage", ["cut", "flip", "noise", "drop"])
def test_damage_gives_an_error_or_wrong_pixels(damage):
    clip = moving(72, 40, 4)
    packets = list(kit.hybrid().encode(clip, 24))
    rng = np.random.default_rng(7)
    for _ in range(12):
        bad = [bytearray(p) for p in packets]
        n = int(rng.integers(0, len(bad)))
        if damage == "cut":
            bad[n] = bad[n][: rng.integers(0, len(bad[n]))]
        elif damage == "flip":
            bad[n][rng.integers(0, len(bad[n]))] ^= 1 << rng.integers(0, 8)
        elif damage == "noise":
            bad[n][1:] = rng.integers(0, 256, 3 * len(bad[n]), dtype=np.uint8).tobytes()
        else:
            del bad[n]
        try:
            for frame in kit.hybrid().decode(iter(map(bytes, bad)), clip.info):
                assert isinstance(frame, Frame)
                assert frame.y.shape == clip[0].y.shape
        except DAMAGE:
            pass
