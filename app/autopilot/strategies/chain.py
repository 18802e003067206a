"""A sequential chain: each attempt improves the one before it; after some in vain it goes back to the best."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..models import Attempt
from .base import Choice, by_score, measured

PATIENCE = 3
"""Measured attempts in a row without a better figure before the chain goes back to the best."""


class Chain:
    name = "chain"
    remembers = True
    title = "Sequential chain"
    description = "Each attempt improves the newest measured one; after three without a gain it goes back to the best."

    def choose(self, attempts: Sequence[Attempt], draw: random.Random) -> Choice:
        able = measured(attempts)
        if not able:
            return Choice("fresh", [], "Nothing is measured yet: a codec for the goal.")
        newest, best = able[-1], by_score(able)[0]
        if newest.number == best.number:
            return Choice("improve", [best.number], "The newest is the best so far: go on from it.")
        since = sum(a.number > best.number for a in able)
        if since % PATIENCE == 0:
            return Choice("improve", [best.number], f"{since} in a row were no better: back to the best.")
        return Choice("improve", [newest.number], "The chain goes on from the newest.")
