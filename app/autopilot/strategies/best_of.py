"""Best of N: the same question again and again, and the best answer counts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..models import Attempt
from .base import Choice, by_score, measured


class BestOf:
    name = "best_of"
    remembers = False
    title = "Best of N"
    description = (
        "Asks the same again and again, from the starting codec or the goal alone; nothing is learned in between."
    )

    def choose(self, attempts: Sequence[Attempt], draw: random.Random) -> Choice:
        starts = by_score(measured([a for a in attempts if a.kind == "start"]))
        if starts:
            return Choice("improve", [starts[0].number], "The same question again: improve the starting codec.")
        return Choice("fresh", [], "The same question again: a codec for the goal.")
