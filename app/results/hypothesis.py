"""What was expected of an experiment and what came of it, in one sentence."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gpu_agent.models import Experiment, Hypothesis, Judgement, Status
from gpu_agent.road.expected import judge

from .format import percent, short
from .verdict import more_or_fewer

Tone = Literal["good", "bad", "neutral"]


class Told(NamedTuple):
    """`expected` is what was expected, in the words of whoever did; `outcome` the sentence about the measurement."""

    expected: str
    outcome: str
    tone: Tone
    judgement: Judgement | None


TONES: dict[str, Tone] = {"borne_out": "good", "partly": "neutral", "refuted": "bad", "unknown": "neutral"}
ENDS = {"borne_out": "borne out", "partly": "less than expected", "refuted": "not borne out"}


def told(experiment: Experiment, parent: Experiment | None) -> Told | None:
    """None where nothing was expected. `parent`: the record of `parent_id`, where it is known."""
    expected = experiment.hypothesis
    if expected is None:
        return None
    judgement = judgement_of(experiment, parent)
    return Told(expected.text, outcome(experiment, expected, judgement), tone(judgement), judgement)


def judgement_of(experiment: Experiment, parent: Experiment | None) -> Judgement | None:
    """As recorded; where it could not be said then, whether it can be now. None while the run has not succeeded."""
    if experiment.status is not Status.SUCCEEDED:
        return None
    known = experiment.summary.judgement
    if known is not None and known.measured is not None:
        return known
    return judge(experiment, parent)


def tone(judgement: Judgement | None) -> Tone:
    return TONES[judgement.verdict] if judgement else "neutral"


def outcome(experiment: Experiment, expected: Hypothesis, judgement: Judgement | None) -> str:
    """ "Expected 10 % fewer bits than its parent; measured 4.0 % fewer: …", or that it cannot be said, and why."""
    hoped = "" if expected.bd_rate is None else f"Expected {more_or_fewer(expected.bd_rate)} its parent; "
    if judgement is None:
        return first_upper(f"{hoped}{WAITING[experiment.status]}.")
    if judgement.measured is None:
        reason = short(judgement.reason or "no reason was recorded", 200).rstrip(".")
        return first_upper(f"{hoped}whether it was borne out cannot be said: {reason}.")
    if not hoped:
        return (
            f"No figure was expected, so the lab does not judge it; measured {more_or_fewer(judgement.measured)} "
            "its parent."
        )
    return f"{hoped}measured {change(judgement.measured)}: {ENDS[judgement.verdict]}."


def change(value: float) -> str:
    """A measured change after an expected one: "4.0 % fewer", "as many"."""
    if abs(value) < 0.05:
        return "as many"
    return f"{percent(abs(value), sign=False)} {'more' if value > 0 else 'fewer'}"


WAITING = {
    Status.QUEUED: "not measured yet",
    Status.RUNNING: "not measured yet",
    Status.FAILED: "whether it was borne out cannot be said: the run failed",
    Status.CANCELLED: "whether it was borne out cannot be said: the run was cancelled",
    Status.SUCCEEDED: "not judged",
}


def first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
