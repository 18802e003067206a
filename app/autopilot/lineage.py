"""Who came from whom: what follows a failed attempt, and which experiment is the parent of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpu_agent.models import ErrorCategory

from .models import Attempt, Run

CODECS_FAULT = {
    ErrorCategory.INVALID_CODE,
    ErrorCategory.ENCODE_ERROR,
    ErrorCategory.DECODE_ERROR,
    ErrorCategory.TIMEOUT,
    ErrorCategory.MEMORY,
    ErrorCategory.OUTPUT_INVALID,
    ErrorCategory.SANDBOX,
}
"""Failures that another version of the code may not have."""

MOST_REPEATS = 3
"""Requests in a row without an answer before the run is held."""


def wants_repair(attempts: Sequence[Attempt], repairs: int) -> bool:
    """Whether the last attempt failed in a way that Claude may mend, and was not mended often enough already."""
    last = attempts[-1] if attempts else None
    if last is None or last.kind == "start" or not last.ended:
        return False
    mendable = last.verdict == "broken_reply" or (last.verdict == "failed" and last.category in CODECS_FAULT)
    return mendable and mended(last, {a.number: a for a in attempts}) < repairs


def mended(attempt: Attempt, known: Mapping[int, Attempt]) -> int:
    """How many repairs in a row led to this attempt."""
    count = 0
    while attempt.kind == "repair" and attempt.parents:
        count, attempt = count + 1, known[attempt.parents[0]]
    return count


def wants_repeat(attempts: Sequence[Attempt]) -> Attempt | None:
    """The last attempt, where its answer never came or went with the process."""
    last = attempts[-1] if attempts else None
    return last if last is not None and last.verdict in ("lost", "unanswered") else None


def repeats_in_a_row(attempts: Sequence[Attempt]) -> int:
    count = 0
    for attempt in reversed(attempts):
        if attempt.verdict != "unanswered":
            break
        count += 1
    return count


def parent_experiment(run: Run, attempt: Attempt, attempts: Sequence[Attempt]) -> str | None:
    """The id of the nearest ancestor's experiment; of a starting codec, where its code was taken from."""
    known = {a.number: a for a in attempts}
    if attempt.kind == "start":
        order = [a.number for a in attempts if a.kind == "start"]
        return run.settings.starts[order.index(attempt.number)].experiment_id
    seen: set[int] = set()
    line = list(attempt.parents)
    while line:
        number = line.pop(0)
        if number in seen or number not in known:
            continue
        seen.add(number)
        ancestor = known[number]
        own = ancestor.experiments.get("full") or ancestor.experiments.get("probe")
        if own:
            return own
        line += ancestor.parents
    return None
