"""Which parents each strategy chooses."""

import random
from collections import Counter

import pytest

from app.autopilot.cells import band, cell, family
from app.autopilot.strategies import STRATEGIES
from app.autopilot.strategies.archive import archive, front
from gpu_agent.codecs import starter
from tests.gpu_agent.factory import row

from .made import attempt


def choose(name, attempts, seed="1"):
    return STRATEGIES[name].choose(attempts, random.Random(seed))


@pytest.mark.parametrize("name", STRATEGIES)
def test_without_anything_measured_the_goal_alone_is_asked_for(name):
    choice = choose(name, [attempt(1, verdict="failed", score=None)])
    assert (choice.kind, choice.parents) == ("fresh", [])


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_the_audit_bars_is_no_parent(name):
    attempts = [attempt(1, 5.0, kind="start", cell="a"), attempt(2, -90.0, barred="Uses a library.", cell="b")]
    assert all(choose(name, attempts, seed).parents == [1] for seed in map(str, range(40)))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_starting_codec_may_be_a_parent_whatever_the_audit_says_of_it(name):
    attempts = [attempt(1, 5.0, kind="start", barred="Specialised.", cell="a", decode_ms=1.0)]
    assert choose(name, attempts).parents == [1]


def test_best_of_n_asks_the_same_each_time():
    attempts = [attempt(1, 5.0, kind="start"), attempt(2, -3.0), attempt(3, -9.0)]
    assert choose("best_of", attempts)[:2] == ("improve", [1])
    assert not STRATEGIES["best_of"].remembers


def test_the_chain_goes_on_from_the_newest_and_back_to_the_best_after_three_in_vain():
    attempts = [attempt(1, 5.0, kind="start")]
    parents = []
    for number, score in enumerate([1.0, 2.0, 3.0, 4.0, 0.5], 2):
        parents += choose("chain", attempts).parents
        attempts.append(attempt(number, score))
    assert parents == [1, 2, 3, 4, 2]
    assert choose("chain", attempts).parents == [6]


def test_the_front_keeps_what_no_other_beats_in_bits_and_decode_time():
    all_ = [
        attempt(1, 0.0, decode_ms=10.0),
        attempt(2, -5.0, decode_ms=20.0),
        attempt(3, -5.0, decode_ms=25.0),
        attempt(4, 1.0, decode_ms=9.0),
        attempt(5, 1.0, decode_ms=11.0),
    ]
    assert [a.number for a in front(all_)] == [1, 2, 4]


def test_the_archive_keeps_the_best_of_each_cell_beside_the_front():
    all_ = [
        attempt(1, -20.0, decode_ms=1.0, cell="low rate · DCT"),
        attempt(2, 30.0, decode_ms=50.0, cell="low rate · wavelet"),
        attempt(3, 40.0, decode_ms=60.0, cell="low rate · wavelet"),
    ]
    assert [a.number for a in archive(all_)] == [1, 2]


def test_the_archive_draws_the_best_most_often_explores_and_crosses_and_can_be_repeated():
    attempts = [attempt(n, -float(n), decode_ms=float(n), cell=f"cell {n}") for n in range(1, 6)]
    choices = [choose("archive", attempts, f"7/{n}") for n in range(600)]
    assert choices == [choose("archive", attempts, f"7/{n}") for n in range(600)]
    kinds = Counter(c.kind for c in choices)
    assert 60 < kinds["cross"] < 180
    improved = Counter(c.parents[0] for c in choices if c.kind == "improve")
    assert improved[5] == max(improved.values())
    assert set(improved) == {1, 2, 3, 4, 5}
    assert all(len(set(c.parents)) == 2 for c in choices if c.kind == "cross")
    assert any("Exploration" in c.reason for c in choices)


def test_a_cell_is_the_band_of_rates_and_the_family_of_the_transform():
    assert family(starter("motion_dct").code()) == "DCT"
    assert family(starter("wavelet").code()) == "wavelet"
    assert family("import numpy as np\n# dct\n") == "samples"
    assert family("import torch\n") == "learned"
    assert family("def (") == "unknown"
    assert band([row(bpp=0.05), row(bpp=0.2), row(bpp=0.3)]) == "middle rate"
    assert cell("x = 1", [row(bpp=3.0)]) == "high rate · samples"
    assert band([]) == "no rate"
