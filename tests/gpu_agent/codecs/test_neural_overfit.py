"""The overfitted network: small, exact, and told in a sentence where torch is missing. Few pictures, few steps."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest

from gpu_agent.check import check_code
from gpu_agent.codecs import STARTERS, offered, starter
from tests.gpu_agent import kit

from .conftest import filled, moving

NAME = "neural_overfit"
torch = [
    pytest.mark.torch,
    pytest.mark.skipif(not kit.TORCH, reason="torch is not installed: the overfitted network was not run"),
]


def needs_torch(test):
    for mark in torch:
        test = mark(test)
    return test


@pytest.fixture
def codec(fresh):
    """A new module of the starter that trains for a moment only."""

    def load():
        module = fresh(NAME)
        module.STEPS = 4
        return module

    return load


def packets_and_frames(codec, clip, rate=30):
    packets = list(codec().encode(clip, rate))
    return packets, list(codec().decode(iter(packets), clip.info))


def mse(frames, clip):
    return np.mean([(np.float64(a) - b) ** 2 for f, g in zip(frames, clip, strict=True) for a, b in [(f.y, g.y)]])


def test_it_keeps_the_contract_and_can_be_read():
    checked = check_code(starter(NAME).code())
    assert checked.diagnostics == []
    assert checked.rates == (22, 27, 32, 37)
    assert len(starter(NAME).code().splitlines()) <= 220


def test_it_is_offered_where_the_agent_has_torch():
    assert NAME in [s.name for s in offered({"torch": "2.9.1", "gpu": None})]
    for device in ({"torch": None}, {}, None):
        assert [s.name for s in offered(device)] == [s.name for s in STARTERS if s.needs is None]
        assert NAME not in [s.name for s in offered(device)]


def test_without_torch_importing_it_says_what_is_missing(fresh, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "codec_kit.learned", raising=False)
    with pytest.raises(ImportError, match="needs torch, which this agent does not have"):
        fresh(NAME)


@needs_torch
def test_the_decoder_has_the_weights_and_references_of_the_encoder(codec):
    clip, seen = moving(48, 32, 4), []
    module = codec()
    finish = module.finish

    def watched(lay, plain, prediction, memory):
        frame = finish(lay, plain, prediction, memory)
        seen.append((frame, [layer.weight.copy() for net in memory["networks"] for layer in net]))
        return frame

    module.finish = watched
    module.PACE = (20.0, 20.0)  # far enough that something is learnt, for better or worse
    packets = list(module.encode(clip, 27))
    frames = list(codec().decode(iter(packets), clip.info))
    assert len(packets) == len(frames) == len(clip)
    for mine, (theirs, _) in zip(frames, seen, strict=True):
        for a, b in zip(mine, theirs):
            np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(seen[0][1], seen[-1][1]))


@needs_torch
def test_decoding_trains_nothing_and_asks_torch_for_nothing(codec):
    clip = moving(32, 32, 3)
    packets, frames = packets_and_frames(codec, clip)
    decoder = codec()
    decoder.torch = decoder.Net = decoder.tensor = decoder.train = None
    for f, g in zip(frames, decoder.decode(iter(packets), clip.info), strict=True):
        for a, b in zip(f, g):
            np.testing.assert_array_equal(a, b)


@needs_torch
def test_better_rates_cost_more_and_look_better(codec):
    clip = moving(48, 32, 3)
    points = [packets_and_frames(codec, clip, rate) for rate in (22, 27, 32, 37)]
    sizes, errors = [sum(map(len, p)) for p, _ in points], [mse(f, clip) for _, f in points]
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)
    assert errors[0] < 8


@needs_torch
@pytest.mark.parametrize(("width", "height", "frames"), [(2, 2, 1), (18, 34, 2)])
def test_every_size_comes_back_in_shape(codec, width, height, frames):
    clip = moving(width, height, frames)
    for rate in (0, 51):
        _, decoded = packets_and_frames(codec, clip, rate)
        assert [[p.shape for p in f] for f in decoded] == [[p.shape for p in f] for f in clip]
        assert all(p.dtype == np.uint8 for f in decoded for p in f)


@needs_torch
def test_flat_pictures_stay_flat_and_cheap(codec):
    packets, frames = packets_and_frames(codec, filled(32, 32, 2, lambda shape: 200), 32)
    assert max(np.abs(p.astype(int) - 200).max() for f in frames for p in f) <= 4
    assert sum(map(len, packets)) < 200


@needs_torch
def test_damage_ends_in_an_error_or_in_frames(codec):
    clip, rng = moving(32, 32, 3), np.random.default_rng(0)
    packets = list(codec().encode(clip, 27))
    for _ in range(12):
        bad = [bytearray(p) for p in packets]
        n = int(rng.integers(len(bad)))
        if rng.random() < 0.3:
            bad[n] = bad[n][: rng.integers(len(bad[n]))]
        else:
            bad[n][rng.integers(len(bad[n]))] ^= int(rng.integers(1, 256))
        frames = []
        with contextlib.suppress(ValueError, IndexError, KeyError):
            for frame in codec().decode(iter(map(bytes, bad)), clip.info):
                frames.append([p.shape for p in frame])
        assert all(shapes == [(32, 32), (16, 16), (16, 16)] for shapes in frames)
        assert len(frames) <= 3
