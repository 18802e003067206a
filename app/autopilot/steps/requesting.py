"""One request to Claude: its worst case is reserved and it is in the ledger as begun before it is sent."""

from __future__ import annotations

from app.claude.prompt import system_prompt
from app.claude.state import TurnState, TurnStatus
from app.evidence import Evidence

from ..asking import settle
from ..budget import no_room
from ..course import Course
from ..models import Attempt
from ..money import affordable, most_input_tokens, worst_case
from ..prompting import Question, question
from ..strategies import STRATEGIES
from . import judging

MOST_TRIES = 6
LONGEST_WAIT = 60.0


def ask(course: Course, attempt: Attempt) -> None:
    """Reserve the worst case, write the request down as begun, send it."""
    settings = course.run.settings
    asked = question_of(course, attempt)
    price = course.around.asking.connection.prices.get(attempt.model or "")
    tokens_in = most_input_tokens([system_prompt(), *asked.texts], asked.pictures)
    attempt.max_tokens, most = settings.max_tokens, settings.budget.dollars
    if most is not None:
        if price is None:
            return course.hold(f"The price of {attempt.model} is unknown, so that a budget in dollars cannot be kept.")
        left = most - course.standing().at_most
        attempt.max_tokens = affordable(price, tokens_in, settings.max_tokens, left)
        if attempt.max_tokens is None:
            if attempt in course.attempts:
                course.end(attempt, "unanswered", "It was not asked again: the budget has no room for it.")
            return judging.close(course, no_room(most, course.standing()))
    attempt.reserved = worst_case(price, tokens_in, attempt.max_tokens) if price else None
    attempt.at_most = attempt.reserved
    attempt.prompt, attempt.pictures = asked.text, asked.pictures
    if attempt not in course.attempts:
        course.attempts.append(attempt)
    course.put(attempt, phase="asking", request="begun")
    return course.around.asking.send(attempt, asked.messages)


def question_of(course: Course, attempt: Attempt) -> Question:
    """What a person has said since is part of it; the attempt remembers which of their words it was told."""
    before = [a for a in course.attempts if a.number < attempt.number]
    words = [w for w in course.ledger.words(course.run.id) if w.kind == "steer"]
    heard = {number for a in before for number in a.steers}
    attempt.steers = [w.id for w in words if w.id not in heard]
    strategy = STRATEGIES[course.run.settings.strategy]
    if not strategy.remembers and attempt.kind != "repair":
        before = [a for a in before if a.number in attempt.parents]
    told = [w.text for w in words]
    return question(course.run, attempt, before, told, lambda other: evidence_of(course, other))


def evidence_of(course: Course, attempt: Attempt) -> Evidence:
    known = attempt.experiments.get("full") or attempt.experiments.get("probe")
    record = course.store.get(known) if known else None
    if record is None:
        return Evidence("", [])
    return course.around.evidence(record, course.run.settings.search_clips, course.run.settings.pictures)


def take_reply(course: Course, attempt: Attempt, may: bool) -> None:
    """Settle the request once its turn has ended. `may`: where there is no turn, it may be asked anew."""
    asking = course.around.asking
    turn = asking.turn(attempt)
    if turn is None:
        if attempt.request == "begun":
            return lost(course, attempt)
        return ask(course, attempt) if may and course.rested else None
    if not turn.finished:
        return None
    state = turn.snapshot()
    settle(attempt, state)
    asking.forget(attempt)
    if state.status is TurnStatus.FAILED and state.unbilled:
        return refused(course, attempt, state)
    if state.status in (TurnStatus.FAILED, TurnStatus.REFUSED, TurnStatus.STOPPED):
        return course.end(attempt, "unanswered", state.error)
    return course.put(attempt, phase="reply")


def lost(course: Course, attempt: Attempt) -> None:
    bound = "its price is unknown" if attempt.reserved is None else f"at most ${attempt.reserved:.4f}"
    course.put(attempt, request="lost", at_most=attempt.reserved, dollars=None)
    said = f"The service ended in the middle of this request, and its answer is lost. What it cost is unknown, {bound}."
    course.end(attempt, "lost", said)


def refused(course: Course, attempt: Attempt, state: TurnState) -> None:
    """Nothing was billed: the same request is made again a little later, or a person has to see to it."""
    course.put(attempt, request="none", reserved=None, at_most=None, dollars=None, said=state.error)
    if not state.retryable or attempt.tries >= MOST_TRIES:
        course.put(attempt, tries=1)
        return course.hold(state.error or "Claude refused the request.")
    course.rest(min(LONGEST_WAIT, course.around.first_wait * 2 ** (attempt.tries - 1)))
    return course.put(attempt, tries=attempt.tries + 1)


def interrupted(course: Course, attempt: Attempt) -> None:
    """The service ends in order: what had arrived of the reply is kept, and asked for anew at the next start."""
    turn = course.around.asking.turn(attempt)
    if turn is None or attempt.phase != "asking":
        return
    settle(attempt, turn.snapshot())
    course.around.asking.forget(attempt)
    if attempt.whole:
        course.put(attempt, phase="reply")
    else:
        course.end(attempt, "lost", "The service was stopped in the middle of this reply; it is asked again.")
