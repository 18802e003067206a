"""What the page says of a run: one sentence for the moment, the tree's nodes, the best so far, the ledger's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from app.charts.tree import Node
from app.results.format import moment, number, percent, plural, seconds, with_unit
from gpu_agent.models import Experiment

from .budget import standing_of
from .champion import against
from .models import Attempt, Run

STATES = {
    "measured": "succeeded",
    "dominated": "given up early",
    "duplicate": "duplicate",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "stopped": "cancelled",
    None: "running",
}
"""Marker in the tree by verdict; all others failed."""

KINDS = {
    "start": "starting codec",
    "fresh": "from the goal",
    "improve": "improvement",
    "cross": "cross",
    "repair": "repair",
}
VERDICTS = {
    "measured": "measured",
    "dominated": "given up early",
    "duplicate": "duplicate",
    "broken_reply": "broken reply",
    "failed": "failed",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "stopped": "stopped",
    "lost": "answer lost",
    "unanswered": "no answer",
}
STAGES = {"probe": "the probe (one clip, one rate)", "full": "the full run", "validation": "the validation clips"}


class Best(NamedTuple):
    """The champion's score from this point on. `dollars`: known and open together; `score`: the attempt's own, if any."""

    number: int
    experiments: int
    dollars: float | None
    score: float | None
    best: float | None
    title: str
    barred: bool = False


def sentence(run: Run, attempts: Sequence[Attempt], record: Experiment | None, now: datetime | None = None) -> str:
    """What happens at this moment. `record`: the experiment that the current attempt waits for."""
    current = next((a for a in attempts if not a.ended), None)
    if run.state == "ended":
        return run.reason or "It has ended."
    if run.wish == "stop":
        return "Stopping: what is under way is ended."
    if run.state == "waiting" and run.wish == "pause":
        return "It waits, paused before its first step."
    if run.state == "waiting":
        return "It waits for the autopilot's service to take it up."
    if run.state == "paused":
        return f"Paused. {run.reason or ''}".strip()
    doing = step(current, record, now) if current else "Choosing the next attempt."
    return f"Pausing after this step. {doing}" if run.wish == "pause" else doing


def step(a: Attempt, record: Experiment | None, now: datetime | None = None) -> str:
    who = f"Attempt {a.number} ({KINDS[a.kind]})"
    if a.phase == "asking":
        if a.request == "none":
            return f"{who}: Claude could not be asked yet, trying again ({a.tries}). {a.said or ''}".strip()
        began = moment(a.created_at)
        passed = ((now or datetime.now(UTC)) - began).total_seconds() if began else None
        return f"{who}: Claude is working on it, {elapsed(passed or 0.0)} so far."
    if a.phase == "reply":
        return f"{who}: checking the reply."
    if a.phase == "approval":
        return f"{who}: waiting for your approval."
    if a.phase == "rating":
        return f"{who}: measured; waiting for x264 on the same frames, or for the audit."
    at = ""
    if record is not None and record.status.value == "queued":
        at = ", waiting in the agent's queue"
    elif record is not None and record.progress.points:
        at = f", point {record.progress.point} of {record.progress.points}"
    return f"{who}: {STAGES.get(a.stage, 'a run')}{at}."


def elapsed(passed: float) -> str:
    """Whole seconds: what counts up while one watches."""
    return seconds(round(passed)) if passed >= 59.5 else with_unit(number(max(1, round(passed))), "s")


def nodes(attempts: Sequence[Attempt], champion: int | None, selected: int | None) -> list[Node]:
    """The lineage. Values are bits against the first measured attempt, because that is what the search changes."""
    first = next((a.score for a in attempts if a.score is not None), None)
    return [
        Node(
            str(a.number),
            f"{a.number} {'★ ' if a.number == champion else ''}{a.title or VERDICTS.get(a.verdict or '', '…')}",
            tuple(map(str, a.parents)),
            against(a.score, first),
            "running" if not a.ended and a.verdict is None else STATES.get(a.verdict, "failed"),
            None,
            (KINDS[a.kind], a.reason, a.said or ""),
            a.number == selected,
        )
        for a in attempts
    ]


def best_so_far(attempts: Sequence[Attempt]) -> list[Best]:
    """A point for every attempt that ended: what had been run and spent by then, and the best score of any until then."""
    points, best, done = [], None, 0
    for n, a in enumerate(attempts):
        if not a.ended:
            continue
        done += len(a.experiments)
        standing = standing_of(attempts[: n + 1], 0.0)
        if a.score is not None and a.barred is None and a.verdict == "measured":
            best = a.score if best is None else min(best, a.score)
        dollars = None if standing.unpriced else float(standing.at_most)
        title = a.title or VERDICTS.get(a.verdict or "", "")
        points.append(Best(a.number, done, dollars, a.score, best, title, a.barred is not None))
    return points


def row(a: Attempt) -> dict[str, object]:
    """A line of the ledger's table."""
    return {
        "number": a.number,
        "kind": KINDS[a.kind],
        "parents": ", ".join(map(str, a.parents)),
        "title": a.title,
        "verdict": VERDICTS[a.verdict] if a.verdict else "under way",
        "score": a.score,
        "validation": a.validation_score,
        "decode_ms": a.decode_ms,
        "cell": a.cell,
        "tokens_in": a.tokens.input_total or None,
        "tokens_out": a.tokens.output or None,
        "dollars": float(a.dollars) if a.dollars is not None else None,
        "at_most": float(a.at_most) if a.at_most is not None and a.request in ("begun", "open", "lost") else None,
        "claude_seconds": a.claude_seconds,
        "agent_seconds": a.agent_seconds or None,
        "experiments": len(a.experiments),
        "model": a.model,
        "reason": a.reason,
        "said": a.said,
        "code_sha256": (a.code_sha256 or "")[:12] or None,
    }


def money(a: Attempt) -> str:
    """What an attempt's request cost, in words."""
    if a.request == "none":
        return "no request" if a.kind == "start" else "nothing"
    if a.request == "lost":
        return f"unknown, at most {dollars(a.at_most)}" if a.at_most is not None else "unknown"
    if a.request == "begun":
        return f"reserved {dollars(a.reserved)}" if a.reserved is not None else "on its way, price unknown"
    if a.dollars is None:
        return "unknown: no price of this model"
    return (
        f"at least {dollars(a.dollars)}, at most {dollars(a.at_most)}"
        if a.request == "open" and a.at_most
        else dollars(a.dollars)
    )


def dollars(value: Decimal | None) -> str:
    return "–" if value is None else f"${value:.4f}"


def spent(run: Run, attempts: Sequence[Attempt]) -> tuple[str, str]:
    """The known bill, and a sentence about what is not known of it, or nothing."""
    standing = standing_of(attempts, run.seconds)
    waiting = sum(a.request == "begun" for a in attempts)
    unknown = sum(a.request in ("open", "lost") for a in attempts)
    notes = []
    if standing.open:
        what = [f"{plural(waiting, 'request')} on its way"] if waiting else []
        what += [f"{plural(unknown, 'request')} whose bill is not known"] if unknown else []
        notes.append(f"At most ${standing.open:.4f} more for {' and '.join(what)}.")
    if standing.unpriced:
        notes.append(f"The cost of {plural(standing.unpriced, 'request')} is unknown: there is no price of this model.")
    return f"${standing.spent:.4f}", " ".join(notes)


def gain(attempt: Attempt, attempts: Sequence[Attempt]) -> str | None:
    """The champion against the first measured attempt, in words."""
    first = next((a for a in attempts if a.score is not None), None)
    if first is None or attempt.score is None or first.number == attempt.number:
        return None
    change = against(attempt.score, first.score)
    return None if change is None else f"{percent(change)} bits against attempt {first.number}"
