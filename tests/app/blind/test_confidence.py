"""The exact binomial figures, held to published values and to plain sums, and the words around them."""

from __future__ import annotations

from math import comb

import pytest

from app.blind import Trial, confidence
from app.blind.confidence import counted, sentence
from tests.gpu_agent.blindtests import blind_test, stimulus

ONE, TWO = (stimulus(None, label=name, preview=f"{name}/preview.mp4") for name in ("Codec", "x264"))


def closed(kind: str, right: int, wrong: int):
    """A/B/X trials; as a preference, with A the first point in all of them, answers a."""
    return blind_test(ONE, TWO, "a" * right + "b" * wrong, kind=kind, closed_at="2026-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (12, 16, 0.4762, 0.9273),
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (1, 1, 0.025, 1.0),
        (5, 10, 0.1871, 0.8129),
    ],
)
def test_the_interval_is_clopper_pearson_s(hits, of, low, high):
    found = confidence(hits, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("hits", "of"), [(12, 16), (9, 10), (8, 16), (0, 5), (1, 1)])
def test_the_p_values_are_sums_of_binomial_terms(hits, of):
    tail = sum(comb(of, k) for k in range(hits, of + 1)) / 2**of
    assert confidence(hits, of).p == pytest.approx(tail)
    far = sum(comb(of, k) for k in range(of + 1) if abs(k - of / 2) >= abs(hits - of / 2)) / 2**of
    assert confidence(hits, of, "preference").p == pytest.approx(far)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_count_is_refused(hits, of):
    with pytest.raises(ValueError, match="not a count"):
        confidence(hits, of)


def test_trials_are_counted_as_their_kind_asks():
    trial = lambda n, **facts: Trial(id=f"{'0' * 12}-{n}", **{"x_is": "a"} | facts)
    open_one = trial(9, swapped=True, x_is="b")
    with_trials = lambda kind, *trials: blind_test(id="0" * 12, kind=kind, trials=trials)
    assert counted(with_trials("abx", open_one)) is None
    answered = [trial(n, swapped=False, answer=letter) for n, letter in enumerate("aaab")]
    assert counted(with_trials("abx", *answered, open_one))[:2] == (3, 4)
    swapped = [
        trial(1, swapped=True, answer="b"),
        trial(2, swapped=True, answer="a"),
        trial(3, swapped=False, answer="a"),
    ]
    assert counted(with_trials("preference", *swapped))[:2] == (2, 3)  # b of a swapped trial is the first point


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "said"),
    [
        ("abx", 12, 4, ["12 of 16 answers correct (75 %)", "48 % to 93 %", "probability of 3.8 %", "evidence that the two can be told apart"]),
        ("abx", 5, 5, ["probability of 62 %", "no evidence", "no proof that they look the same"]),
        ("abx", 20, 0, ["under 0.1 %", "strong evidence"]),
        ("preference", 1, 11, ["Codec was preferred in 1 of 12 trials", "evidence that x264 looks better"]),
        ("preference", 3, 3, ["probability of 100 %", "no evidence for either"]),
        ("abx", 0, 0, ["No trial was answered"]),
    ],
)  # fmt: skip
def test_the_result_is_said_with_what_it_does_not_show(kind, right, wrong, said):
    text = sentence(closed(kind, right, wrong))
    assert all(part in text for part in said), text
