"""What comes next: a starting codec, a question again whose answer never came, a repair, or what the strategy chooses."""

from __future__ import annotations

import random

from app.results.format import short
from gpu_agent.models import now

from ..course import Course
from ..lineage import MOST_REPEATS, repeats_in_a_row, wants_repair, wants_repeat
from ..models import Attempt
from ..strategies import STRATEGIES
from . import requesting


def begin(course: Course) -> None:
    """The next attempt, into the ledger and on its way; or the run is held where going on would be money for nothing."""
    settings, number = course.run.settings, len(course.attempts) + 1
    attempt = Attempt(run_id=course.run.id, number=number, kind="fresh", reason="", created_at=now())
    starts = sum(a.kind == "start" for a in course.attempts)
    if starts < len(settings.starts):
        start = settings.starts[starts]
        attempt.kind, attempt.reason = "start", f"A starting codec, {start.name}: measured to compare with."
        attempt.code, attempt.whole, attempt.phase = start.code, True, "reply"
        course.attempts.append(attempt)
        return course.put(attempt)
    if starts and starts == len(course.attempts) and not any_start(course) and "starts" not in course.told:
        course.told.add("starts")
        why = course.attempts[-1].said or ""
        return course.hold(f"No starting codec could be measured: {short(why, 300)} Resume begins from the goal alone.")
    again = wants_repeat(course.attempts)
    if again is not None:
        if repeats_in_a_row(course.attempts) >= MOST_REPEATS:
            if "answered" not in course.told:
                course.told.add("answered")
                return course.hold(f"{MOST_REPEATS} requests in a row brought no answer. {again.said or ''}".strip())
            course.told.discard("answered")
        attempt.kind, attempt.parents, attempt.repeats = again.kind, again.parents, again.number
        attempt.reason = f"Attempt {again.number} asked again: its answer did not come."
    elif wants_repair(course.attempts, settings.repairs):
        failed = course.attempts[-1]
        attempt.kind, attempt.parents = "repair", [failed.number]
        attempt.reason = "It failed in a way that Claude may mend."
    else:
        strategy = STRATEGIES[settings.strategy]
        choice = strategy.choose(course.attempts, random.Random(f"{settings.seed}/{number}"))
        attempt.kind, attempt.parents, attempt.reason = choice.kind, choice.parents, choice.reason
    attempt.model, attempt.effort = settings.model, settings.effort
    return requesting.ask(course, attempt)


def any_start(course: Course) -> bool:
    return any(a.kind == "start" for a in course.measured)
