"""One run, step by step: each call moves it as far as it goes without waiting.

Whatever is about to happen outside is in the ledger first: a request to Claude as begun, with its worst case; an
experiment by its id. So a process that is killed at any instant finds its experiments again, and knows which requests
it can say nothing about.
"""

from __future__ import annotations

import time

from app.dispatch import cancel
from gpu_agent.models import now

from . import champion
from .asking import settle
from .course import LONGEST_TICK, Course, Surroundings
from .models import Attempt, Run
from .steps import choosing, judging, requesting, running


class Loop:
    """Decides which step a run takes next, and when it rests, pauses and ends; the steps themselves are `steps/`."""

    def __init__(self, around: Surroundings, run: Run):
        self.course = Course(around, run)
        self._judged = (-1, 0.0)

    def advance(self, run: Run, held: str | None) -> None:
        """`run`: as it is in the ledger now, with the newest wish. `held`: why nothing new may begin."""
        course, ours = self.course, self.course.run
        ours.wish = run.wish
        course.count_time()
        if ours.wish == "stop":
            return self._stop()
        may = ours.wish == "run" and held is None
        current = course.current
        if may and ours.state != "running":
            ours.state, ours.reason = "running", None
            ours.started_at = ours.started_at or now()
            course.save_run()
        if current is not None:
            self._move(current, may)
        elif may:
            self._next()
        if not may and ours.state != "paused" and not self._busy():
            ours.state, ours.reason = "paused", held or ours.reason or "Paused by a person."
            course.save_run()
        return None

    def fail(self) -> None:
        """The autopilot itself has a fault: the run is held, so that the others go on."""
        self.course.hold("The autopilot itself failed; its log says where. Resume tries the same step again.")

    def interrupt(self) -> None:
        """The service ends in order."""
        for attempt in self.course.attempts:
            requesting.interrupted(self.course, attempt)
        self.course.count_time()
        self.course.save_run()

    def _move(self, attempt: Attempt, may: bool) -> None:
        match attempt.phase:
            case "asking":
                requesting.take_reply(self.course, attempt, may)
            case "reply":
                running.check(self.course, attempt, may)
            case "approval":
                running.approval(self.course, attempt, may)
            case "running":
                running.watch(self.course, attempt, may)
            case "rating":
                judging.rate(self.course, attempt)

    def _busy(self) -> bool:
        """Something is on its way outside, whose end will be taken up."""
        a = self.course.current
        if a is None:
            return False
        if a.phase == "asking":
            return self.course.around.asking.turn(a) is not None
        return a.phase == "rating" or (a.phase == "running" and self.course.record(a) is not None)

    def _next(self) -> None:
        """Nothing is under way: the champion's validation, the end, or another attempt."""
        course = self.course
        if self._due(len(course.attempts)):
            judging.judge(course)
        best = champion.pick(course.attempts)
        if best is not None and judging.may_validate(course, best):
            return running.begin_stage(course, best, "validation")
        reason = course.closing or course.budget().reached(course.standing())
        if reason:
            return judging.close(course, reason)
        return choosing.begin(course)

    def _due(self, count: int) -> bool:
        """Every record is read again for a new attempt; while the run waits to close, now and then."""
        seen, at = self._judged
        due = seen != count or time.monotonic() - at >= LONGEST_TICK
        if due:
            self._judged = count, time.monotonic()
        return due

    def _stop(self) -> None:
        """A person's stop: what is under way is ended, here and on the agent, and what it may have cost is kept."""
        course = self.course
        for attempt in (a for a in course.attempts if not a.ended):
            turn = course.around.asking.turn(attempt)
            if turn is not None:
                turn.cancel()
                if not turn.wait(2):
                    return  # its last words are taken at the next look
                settle(attempt, turn.snapshot())
                course.around.asking.forget(attempt)
            elif attempt.request == "begun":
                requesting.lost(course, attempt)
                continue
            record = course.record(attempt)
            if record is not None and not record.status.terminal:
                cancel(course.around.agent, course.store, record.id)
            if attempt.stage == "validation" and attempt.verdict:
                course.put(attempt, phase="ended")
            else:
                course.end(attempt, "stopped", "The run was stopped.")
        judging.judge(course)
        course.finish("Stopped by a person.")
