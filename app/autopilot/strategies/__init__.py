"""Which parents the next attempt gets. A new strategy is a new file and a line here."""

from __future__ import annotations

from .archive import Archive
from .base import Choice, Strategy
from .best_of import BestOf
from .chain import Chain

STRATEGIES: dict[str, Strategy] = {s.name: s for s in (Archive(), Chain(), BestOf())}
"""In the order to show them."""

__all__ = ["STRATEGIES", "Choice", "Strategy"]
