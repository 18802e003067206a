"""Attempts and runs for tests that need no ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.autopilot.models import Attempt, BudgetSettings, Run, RunSettings

AT = "2026-11-25T12:00:00.000000Z"


def attempt(number: int, score: float | None = None, **changes: Any) -> Attempt:
    """An attempt that has ended, measured where it has a score."""
    values: dict[str, Any] = {
        "run_id": "run", "number": number, "kind": "improve", "reason": "", "created_at": AT, "phase": "ended",
        "verdict": "measured" if score is not None else None, "score": score, "title": f"Codec {number}",
    }  # fmt: skip
    return Attempt(**values | changes)


def asked(number: int, dollars: str | None, request: str = "settled", **changes: Any) -> Attempt:
    """An attempt with a request to Claude."""
    known = None if dollars is None else Decimal(dollars)
    return attempt(number, request=request, dollars=known, model="claude-opus-5-5", **changes)


def run(**changes: Any) -> Run:
    budget = {name: changes.pop(name) for name in BudgetSettings.model_fields if name in changes}
    settings: dict[str, Any] = {"goal": "Fewer bits.", "search_clips": ["tiny"]}
    settings["budget"] = BudgetSettings(**budget or {"experiments": 10})
    return Run(id="run", created_at=AT, title="A run", settings=RunSettings(**settings | changes))
