"""From the reply to a record: the contract, a person's click where one is asked for, then one stage after the other."""

from __future__ import annotations

from app.agent_client import AgentError
from app.claude.reply import Problem, read_codec
from app.dispatch import dispatch
from gpu_agent.check import check_code
from gpu_agent.models import ErrorCategory, Experiment, Status, new_id
from gpu_agent.road.freeze import title_of

from .. import cascade
from ..cells import cell
from ..course import Course
from ..duplicates import same_as, tree_sha256
from ..lineage import parent_experiment
from ..models import Attempt, Stage
from ..scoring import decode_ms
from . import judging

QUEUE_WAITS = 5
"""A full queue of the agent is asked again after so many first waits."""


def check(course: Course, attempt: Attempt, may: bool) -> None:
    """The contract, then whether the same was run before."""
    if not attempt.code:
        found = read_codec(attempt.reply, attempt.whole)
        attempt.stage = "contract"
        if isinstance(found, Problem):
            attempt.code = found.code or ""
            return course.end(attempt, "broken_reply", found.sentence)
        attempt.code, attempt.title, attempt.expected = found.code, found.title, found.expected
    checked = check_code(attempt.code)
    attempt.stage = "contract"
    attempt.title = attempt.title or title_of(attempt.code)
    if not checked.ok:
        return course.end(attempt, "failed", checked.message)
    attempt.tree_sha256 = tree_sha256(attempt.code)
    same = same_as(attempt.tree_sha256, (a for a in course.attempts if a is not attempt))
    if same is not None:
        return course.end(attempt, "duplicate", f"The same code as attempt {same.number}; it is not run again.")
    if course.run.settings.gate and attempt.kind != "start":
        return course.put(attempt, phase="approval")
    return first_stage(course, attempt) if may else None


def approval(course: Course, attempt: Attempt, may: bool) -> None:
    words = [w for w in course.ledger.words(course.run.id) if w.attempt == attempt.number]
    if any(w.kind == "reject" for w in words):
        why = next((w.text.strip() for w in words if w.kind == "reject" and w.text.strip()), "")
        course.end(attempt, "rejected", f"Rejected by a person{': ' + why if why else ''}.".replace("..", "."))
    elif any(w.kind == "approve" for w in words) and may:
        first_stage(course, attempt)


def first_stage(course: Course, attempt: Attempt) -> None:
    probe = cascade.needs_probe(course.run, attempt, len(course.measured), course.room())
    begin_stage(course, attempt, "probe" if probe else "full")


def begin_stage(course: Course, attempt: Attempt, stage: Stage) -> None:
    """The id is chosen and written down first; dispatching it twice is dispatching it once."""
    room = course.room()
    if stage not in attempt.experiments:
        if stage != "validation" and room is not None and room <= 0:
            return course.end(attempt, "stopped", "Not run: the budget of experiments is used up.")
        attempt.experiments = attempt.experiments | {stage: new_id()}
    course.put(attempt, stage=stage, phase="running")
    return send(course, attempt, stage)


def send(course: Course, attempt: Attempt, stage: Stage) -> None:
    around, settings = course.around, course.run.settings
    parent = attempt.experiments.get("full") if stage == "validation" else None
    parent = parent or parent_experiment(course.run, attempt, course.attempts)
    if parent is not None and course.store.get(parent) is None:
        parent = None
    wanted = cascade.request(course.run, attempt, stage, parent)
    try:
        dispatch(around.agent, course.store, wanted, settings.search_clips[0])
    except AgentError as error:
        course.rest(QUEUE_WAITS * around.first_wait)
        if error.code != "queue_full":
            course.hold(f"The agent refuses the experiment: {error}")


def watch(course: Course, attempt: Attempt, may: bool) -> None:
    """Take the record up once it is terminal; one that the store does not have yet is sent again."""
    record = course.record(attempt)
    if record is None:
        if may and course.rested:
            send(course, attempt, attempt.stage)  # type: ignore[arg-type]
        return
    if not record.status.terminal:
        return
    if attempt.stage == "validation":
        judging.validated(course, attempt, record)
    elif record.status is Status.SUCCEEDED:
        succeeded(course, attempt, record, may)
    else:
        attempt.agent_seconds += record.summary.seconds or 0.0
        failed(course, attempt, record)


def failed(course: Course, attempt: Attempt, record: Experiment) -> None:
    if record.status is Status.CANCELLED:
        return course.end(attempt, "cancelled", "Its experiment was cancelled.")
    error = record.error
    attempt.category = error.category.value if error else None
    course.end(attempt, "failed", error.message if error else "It failed, and no reason was recorded.")
    if error and error.category is ErrorCategory.LOST:  # the next one would fare no better, and costs money
        course.hold(f"The agent lost the experiment of attempt {attempt.number}: {error.message}")
    return None


def succeeded(course: Course, attempt: Attempt, record: Experiment, may: bool) -> None:
    if attempt.stage == "full":
        attempt.agent_seconds += record.summary.seconds or 0.0
        attempt.code_sha256 = record.code_sha256
        attempt.decode_ms, attempt.cell = decode_ms(record.results), cell(attempt.code, record.results)
        return course.put(attempt, phase="rating")
    why = cascade.dominated(record.results[0], rivals(course)) if record.results else None
    if why:
        attempt.agent_seconds += record.summary.seconds or 0.0
        attempt.code_sha256 = record.code_sha256
        return course.end(attempt, "dominated", why)
    if may:
        attempt.agent_seconds += record.summary.seconds or 0.0
        return begin_stage(course, attempt, "full")
    return None


def rivals(course: Course) -> list[cascade.Rival]:
    found = [(a.number, course.store.get(a.experiments["full"])) for a in course.measured]
    return [cascade.Rival(number, record.results) for number, record in found if record is not None]
