"""The best candidate, whether it may be called so, and whether what it gained holds on clips that Claude never saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.results.format import percent
from gpu_agent.models import Audit, Badge, Experiment

from .models import Attempt

BARRED_NOTES = ("library_codec",)
"""Badges whose mere note keeps a candidate from the crown: its bits are not its own."""

FAILED = "It fails on validation clips"
NOTABLE = 0.5
"""Per cent of bits below which a difference is not called a gain."""


class Generalisation(NamedTuple):
    """Mean BD-rates in percent against the anchor, on both kinds of clips.

    `gap`: how much less it gained on validation than on search clips over the first attempt that has both, in points of
    percent. `flagged`: it gained on search clips alone.
    """

    search: float | None
    validation: float | None
    gap: float | None
    flagged: bool
    sentence: str


def barred(experiment: Experiment) -> str | None:
    """What keeps it from being champion, a sentence: a finding of the audit, or a run that stands in no ranked list.

    A run that was held for being too good is not barred any more once a person has released it.
    """
    badges = experiment.audit.badges if experiment.audit else []
    found = [b.text for b in badges if finding(b) and not (b.name == "too_good" and experiment.released)]
    return " ".join(found) or experiment.unranked


def finding(badge: Badge) -> bool:
    return badge.verdict == "bad" or (badge.name in BARRED_NOTES and badge.verdict == "note")


def audited(audit: Audit | None) -> bool:
    """Nothing of the audit is still to be tried."""
    return audit is not None and not any(b.verdict == "unknown" and b.evidence.get("retry") for b in audit.badges)


def pick(attempts: Iterable[Attempt]) -> Attempt | None:
    """The lowest BD-rate on the search clips; of equals the earliest. Barred candidates and those without a figure never."""
    able = [a for a in attempts if a.score is not None and a.barred is None and a.verdict in (None, "measured")]
    return min(able, key=lambda a: (a.score, a.number), default=None)


def generalisation(champion: Attempt, attempts: Sequence[Attempt]) -> Generalisation:
    """Both figures, and what of the gain over the first attempt that has both holds on clips that Claude never saw."""
    search, validation = champion.score, champion.validation_score
    if search is None or validation is None:
        said = champion.validation_said or "Not measured on validation clips yet."
        return Generalisation(
            search, validation, None, said.startswith(FAILED), f"{percent(search)} on search clips. {said}"
        )
    first = next((a for a in attempts if a.score is not None and a.validation_score is not None), champion)
    words = f"{percent(search)} on search clips, {percent(validation)} on validation clips"
    if first.number == champion.number:
        return Generalisation(search, validation, None, False, f"{words}.")
    gained, held = against(search, first.score), against(validation, first.validation_score)
    if gained is None or held is None:
        return Generalisation(search, validation, None, False, f"{words}.")
    flagged = gained <= -NOTABLE and held >= 0
    told = f"Against attempt {first.number} that is {percent(gained)} bits on search clips and {percent(held)} on validation clips"
    told += ": it gains only on what Claude has seen." if flagged else "."
    return Generalisation(search, validation, held - gained, flagged, f"{words}. {told}")


def against(score: float | None, first: float | None) -> float | None:
    """Percent of bits against another candidate, where both are given against the same anchor."""
    if score is None or first is None or first <= -100:
        return None
    return 100 * ((100 + score) / (100 + first) - 1)
