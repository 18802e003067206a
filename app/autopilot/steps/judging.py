"""What came out: the score, the audit's say, the champion, its validation, and the end of the run after them."""

from __future__ import annotations

from app.results.format import percent, short
from gpu_agent.models import Experiment, Status

from .. import champion
from ..course import Course
from ..models import Attempt
from ..scoring import score


def rate(course: Course, attempt: Attempt) -> None:
    """Wait for the anchor, and where it would be champion, for the audit."""
    record = course.store.get(attempt.experiments["full"])
    if record is None:
        return course.end(attempt, "failed", "Its record is gone from the store.")
    waits = judge_one(course, attempt, record)
    crowned = champion.pick([*course.measured, attempt]) is attempt
    pending = waits or (crowned and not champion.audited(record.audit))
    if pending and course.waiting(record.id):
        return None
    attempt.crowned = crowned
    course.end(attempt, "measured", in_words(attempt))
    return judge(course)


def in_words(attempt: Attempt) -> str:
    figure = f"{percent(attempt.score)} bits against x264 medium" if attempt.score is not None else attempt.score_reason
    return short(f"Measured: {figure or 'no BD-rate'}." + (f" {attempt.barred}" if attempt.barred else ""), 400)


def judge_one(course: Course, attempt: Attempt, record: Experiment) -> bool:
    """Score and bar from the record as it is now; True while the anchor is still being measured."""
    found = score(record, course.around.curve_of)
    attempt.score, attempt.score_reason = found.percent, found.reason
    attempt.barred = champion.barred(record)
    return found.waiting


def judge(course: Course) -> None:
    """Anchors and audits come after the runs: bring every measured attempt up to date, and the champion with them."""
    for attempt in course.measured:
        record = course.store.get(attempt.experiments["full"])
        before = (attempt.score, attempt.score_reason, attempt.barred)
        if record is not None:
            judge_one(course, attempt, record)
            if before != (attempt.score, attempt.score_reason, attempt.barred):
                course.put(attempt, said=in_words(attempt))
    best = champion.pick(course.attempts)
    number = best.number if best else None
    if number != course.run.champion:
        course.run.champion = number
        course.save_run()


def may_validate(course: Course, best: Attempt) -> bool:
    room = course.room()
    wanted = bool(course.run.settings.validation_clips) and "validation" not in best.experiments
    return wanted and (room is None or room + course.kept() > 0)


def validated(course: Course, attempt: Attempt, record: Experiment) -> None:
    if record.status is Status.SUCCEEDED:
        found = score(record, course.around.curve_of)
        if found.waiting and course.waiting(record.id):
            return
        attempt.validation_score = found.percent
        attempt.validation_said = f"No figure on validation clips: {found.reason}." if found.percent is None else None
    elif record.status is Status.FAILED:
        why = record.error.message if record.error else "no reason was recorded"
        attempt.validation_said = f"{champion.FAILED}: {short(why, 300)}"
    else:
        attempt.validation_said = "Its run on validation clips was cancelled."
    attempt.agent_seconds += record.summary.seconds or 0.0
    course.put(attempt, phase="ended")


def close(course: Course, reason: str) -> None:
    """The run ends, once the audit has had its say about the champion."""
    course.closing = reason
    best = champion.pick(course.attempts)
    record = course.store.get(best.experiments["full"]) if best else None
    if record is not None and not champion.audited(record.audit) and course.waiting(f"close-{record.id}"):
        return
    course.finish(reason)
