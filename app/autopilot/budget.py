"""When a run has to end: small rules, each with its sentence, and the budget that asks them all.

A rule is asked before anything new begins; what is under way is finished. Dollars count the worst case of every
request whose bill is not known, and of the next one, so that the budget holds whatever comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from .models import Attempt, BudgetSettings


class Standing(NamedTuple):
    """How far a run is. `spent`: known bills; `open`: the most that the unknown ones can come to beyond that.

    `since_best`: attempts since the latest champion; `fruitless`: attempts in a row that brought nothing to run.
    """

    spent: Decimal
    open: Decimal
    unpriced: int
    experiments: int
    seconds: float
    since_best: int
    fruitless: int

    @property
    def at_most(self) -> Decimal:
        return self.spent + self.open


class Rule(Protocol):
    def reached(self, standing: Standing) -> str | None:
        """Why the run ends, a sentence; None while it may go on."""


@dataclass(frozen=True)
class Experiments:
    """`kept` experiments are left for the champion's validation."""

    most: int
    kept: int = 0

    def reached(self, standing: Standing) -> str | None:
        if standing.experiments >= self.most - self.kept:
            kept = f"; {self.kept} kept for the validation of a champion" if self.kept else ""
            return f"The budget of {self.most} experiments is used up ({standing.experiments} run{kept})."
        return None


@dataclass(frozen=True)
class Hours:
    most: float

    def reached(self, standing: Standing) -> str | None:
        return f"The budget of {self.most:g} hours is used up." if standing.seconds >= self.most * 3600 else None


@dataclass(frozen=True)
class Dollars:
    """Here only what is spent already; whether the next request fits is asked where its length is known."""

    most: Decimal

    def reached(self, standing: Standing) -> str | None:
        if standing.at_most >= self.most:
            return f"The budget of ${self.most:f} is used up: {money_words(standing)}."
        return None


@dataclass(frozen=True)
class Plateau:
    attempts: int

    def reached(self, standing: Standing) -> str | None:
        if standing.since_best >= self.attempts:
            return f"Plateau: the last {self.attempts} attempts brought no better champion."
        return None


@dataclass(frozen=True)
class Fruitless:
    """Bounds what a budget of experiments alone would not: replies without anything to run cost money, too."""

    most: int = 12

    def reached(self, standing: Standing) -> str | None:
        if standing.fruitless >= self.most:
            return f"The last {self.most} attempts brought nothing that could be run."
        return None


@dataclass(frozen=True)
class Budget:
    rules: Sequence[Rule]

    def reached(self, standing: Standing) -> str | None:
        """The first rule's sentence."""
        return next((said for rule in self.rules if (said := rule.reached(standing))), None)


def budget_of(settings: BudgetSettings, kept: int = 0) -> Budget:
    rules: list[Rule] = [Fruitless()]
    if settings.dollars is not None:
        rules.append(Dollars(settings.dollars))
    if settings.experiments is not None:
        rules.append(Experiments(settings.experiments, kept))
    if settings.hours is not None:
        rules.append(Hours(settings.hours))
    if settings.plateau is not None:
        rules.append(Plateau(settings.plateau))
    return Budget(rules)


def no_room(most: Decimal, standing: Standing) -> str:
    return (
        f"The budget of ${most:f} has no room for another request whose bill cannot pass it: {money_words(standing)}."
    )


def money_words(standing: Standing) -> str:
    if standing.open:
        return f"${standing.spent:.4f} spent and at most ${standing.open:.4f} more for requests whose bill is not known"
    return f"${standing.spent:.4f} spent"


def standing_of(attempts: Sequence[Attempt], seconds: float) -> Standing:
    """Attempts in order. Starting codecs count as experiments, not as attempts on the plateau."""
    spent = sum((a.dollars for a in attempts if a.dollars is not None), Decimal(0))
    unknown = [a for a in attempts if a.request in ("begun", "open", "lost")]
    bound = sum(
        (max(Decimal(0), (a.at_most or a.reserved or Decimal(0)) - (a.dollars or 0)) for a in unknown), Decimal(0)
    )
    unpriced = sum(a.request != "none" and a.reserved is None and a.dollars is None for a in attempts)
    experiments = sum(len(a.experiments) for a in attempts)
    return Standing(spent, bound, unpriced, experiments, seconds, since_best(attempts), fruitless(attempts))


def since_best(attempts: Sequence[Attempt]) -> int:
    count = 0
    for attempt in reversed(attempts):
        if attempt.crowned and attempt.barred is None:
            break
        count += attempt.ended and attempt.kind != "start"
    return count


def fruitless(attempts: Sequence[Attempt]) -> int:
    count = 0
    for attempt in reversed(attempts):
        if attempt.experiments or attempt.kind == "start" or attempt.verdict == "rejected":
            break
        count += attempt.ended
    return count
