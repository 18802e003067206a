"""What a strategy is, and what all of them look at."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from ..models import Attempt


class Choice(NamedTuple):
    """`reason`: why these parents, a sentence for the ledger."""

    kind: Literal["fresh", "improve", "cross"]
    parents: list[int]
    reason: str


class Strategy(Protocol):
    """`remembers`: Claude is told what was tried before."""

    name: str
    remembers: bool
    title: str
    description: str

    def choose(self, attempts: Sequence[Attempt], draw: random.Random) -> Choice:
        """From the attempts so far, in order. The same attempts and the same draw give the same choice."""


def measured(attempts: Sequence[Attempt]) -> list[Attempt]:
    """What may be a parent: measured on all search clips, and nothing in the audit against it. Starting codecs always may."""
    return [a for a in attempts if a.verdict == "measured" and (a.barred is None or a.kind == "start")]


def by_score(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Best first; those without a figure last, the newest of them first."""
    return sorted(attempts, key=lambda a: (a.score is None, a.score if a.score is not None else -a.number, a.number))
