"""Of a run that failed: the category, the agent's message with the codec's own traceback, and what was printed."""

from __future__ import annotations

from app.claude.prompt import HINTS, fenced, tail
from gpu_agent.models import Experiment

from .words import section

MESSAGE_CHARACTERS = 6000
LOG_CHARACTERS = 4000


def failure(experiment: Experiment) -> str:
    """Nothing for a run that did not fail."""
    if experiment.error is None:
        return ""
    known = experiment.error
    lines = [
        f"Category: {known.category}. {HINTS.get(known.category, '')}".strip(),
        fenced(tail(known.message, MESSAGE_CHARACTERS), "text"),
    ]
    if experiment.log.strip():
        lines += ["What the codec printed in that run:", fenced(tail(experiment.log, LOG_CHARACTERS), "text")]
    return section("Failure", lines)
