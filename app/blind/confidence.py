"""What a count of blind answers says: the exact binomial interval and test, in words.

The interval is Clopper and Pearson's (1934); the p-value is the exact binomial test's against guessing (one half):
one-sided for A/B/X, where only more than half can mean something, two-sided for a preference.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest

from app.results.format import number, plural
from gpu_agent.blind import BlindTest, Kind

LEVEL = 0.95


class Confidence(NamedTuple):
    """`hits` of `trials`: correct answers, or votes for the first point. `low`, `high`: bounds of the true share."""

    hits: int
    trials: int
    low: float
    high: float
    p: float


def confidence(hits: int, trials: int, kind: Kind = "abx") -> Confidence:
    """Raises ValueError unless 0 <= hits <= trials and there is a trial."""
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"{hits} hits in {trials} trials is not a count")
    interval = binomtest(hits, trials).proportion_ci(LEVEL, method="exact")
    p = binomtest(hits, trials, alternative="greater" if kind == "abx" else "two-sided").pvalue
    return Confidence(hits, trials, float(interval.low), float(interval.high), float(p))


def counted(test: BlindTest) -> Confidence | None:
    """Of the answered trials; None where there is none."""
    answered = test.answered
    if not answered:
        return None
    hits = sum(t.correct if test.kind == "abx" else t.chosen == 0 for t in answered)
    return confidence(hits, len(answered), test.kind)


def sentence(test: BlindTest) -> str:
    """The result of a test, with what it does not show."""
    found = counted(test)
    if found is None:
        return "No trial was answered, so there is nothing to say."
    bounds = f"the exact 95 % interval of the true share is {share(found.low)} to {share(found.high)}"
    if test.kind == "abx":
        return (
            f"{found.hits} of {plural(found.trials, 'answer')} correct ({share(found.hits / found.trials)}); {bounds}. "
            f"Guessing gives as many or more with a probability of {probability(found.p)}: {told_apart(found.p)}"
        )
    return (
        f"{test.one.label} was preferred in {found.hits} of {plural(found.trials, 'trial')} "
        f"({share(found.hits / found.trials)}); {bounds}. If both were liked equally, a count this far from half would "
        f"have a probability of {probability(found.p)}: {preferred(test, found)}"
    )


def told_apart(p: float) -> str:
    if p < 0.05:
        return f"{strength(p)} that the two can be told apart."
    return "no evidence that the two can be told apart, which is no proof that they look the same."


def preferred(test: BlindTest, found: Confidence) -> str:
    if found.p < 0.05:
        liked = test.one if 2 * found.hits > found.trials else test.two
        return f"{strength(found.p)} that {liked.label} looks better."
    return "no evidence for either."


def strength(p: float) -> str:
    return "strong evidence" if p < 0.01 else "evidence"


def share(value: float) -> str:
    return f"{number(100 * value)} %"


def probability(p: float) -> str:
    return "under 0.1 %" if p < 0.001 else f"{number(100 * p, 1 if p < 0.1 else 0)} %"
