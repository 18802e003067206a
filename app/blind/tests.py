"""Blind tests as the pages lead them: begun, answered, closed. What is kept, and where, is the store's.

Whoever looks has a trial of their own: two tabs answer at once, and both answers count. Every change is made on the
test as it is now, and made again where somebody else's came in between.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from gpu_agent.blind import BlindTest, Kind, Stimulus, Trial, draw, new_test_id, owner_of, pair_of
from gpu_agent.models import now
from gpu_agent.store import BlindStore, StoreError

TRIES = 60
WAITING = 100
"""Trials without an answer that a test keeps; a refresh leaves one behind, and the oldest go."""
Change = Callable[[BlindTest], BlindTest | None]


class BlindTests:
    """Safe for several sessions, threads and machines."""

    def __init__(self, store: BlindStore):
        self.store = store

    def begin(self, kind: Kind, clip: str, clip_sha256: str, frames: int, one: Stimulus, two: Stimulus) -> BlindTest:
        """A new test; the open one of the same pair and kind where there is one."""
        known = self.open(kind, one, two)
        if known is not None:
            return known
        facts = {"clip": clip, "clip_sha256": clip_sha256, "frames": frames, "created_at": now()}
        made = BlindTest(id=new_test_id(), kind=kind, one=one, two=two, **facts)
        self.store.create(made)
        return made

    def open(self, kind: Kind, one: Stimulus, two: Stimulus) -> BlindTest | None:
        """The test of this pair, in either order, that is not closed."""
        return next((t for t in self._open(one, two) if t.kind == kind), None)

    def running(self, one: Stimulus, two: Stimulus) -> BlindTest | None:
        """The open test of this pair, of whichever kind; the newest where there are two."""
        return next(iter(self._open(one, two)), None)

    def _open(self, one: Stimulus, two: Stimulus) -> list[BlindTest]:
        return [t for t in self.store.of_pair(pair_of(one, two)) if t.closed_at is None]

    def of_pair(self, one: Stimulus, two: Stimulus) -> list[BlindTest]:
        """Closed tests of this pair, newest first."""
        return [t for t in self.store.of_pair(pair_of(one, two)) if t.closed_at]

    def of_experiment(self, experiment_id: str) -> list[BlindTest]:
        """Closed tests with a point of this experiment, newest first."""
        return [t for t in self.store.of_experiment(experiment_id) if t.closed_at]

    def test(self, test_id: str) -> BlindTest | None:
        found = self.store.get(test_id)
        return found.test if found else None

    def trial(self, trial_id: str) -> tuple[BlindTest, Trial] | None:
        """The trial of this id with the test that it is of."""
        test = self.test(owner_of(trial_id))
        trial = test.trial(trial_id) if test else None
        return (test, trial) if test and trial else None

    def current(self, test: BlindTest, seat: str) -> Trial | None:
        """The trial that waits for an answer from this seat, drawn where there is none. None where the test is closed."""

        def drawn(known: BlindTest) -> BlindTest | None:
            if known.closed_at or waiting(known, seat):
                return None
            left = [t for t in known.trials if t.answer is None][: -WAITING + 1]
            kept = tuple(t for t in known.trials if t not in left)
            return known.model_copy(update={"trials": (*kept, draw(known.id, seat))})

        own = waiting(test, seat)
        if own is None and test.closed_at is None:
            changed = self._change(test.id, drawn)
            own = waiting(changed, seat) if changed else None
        return own

    def answer(self, trial_id: str, answer: str) -> bool:
        """Keep an answer. False where the trial was answered, or its test closed, before."""
        kept = False

        def answered(known: BlindTest) -> BlindTest | None:
            nonlocal kept
            trial = known.trial(trial_id)
            kept = known.closed_at is None and trial is not None and trial.answer is None and answer in ("a", "b")
            if not kept:
                return None
            done = trial.model_copy(update={"answer": answer, "answered_at": now()})
            return known.model_copy(update={"trials": tuple(done if t is trial else t for t in known.trials)})

        self._change(owner_of(trial_id), answered)
        return kept

    def close(self, test_id: str) -> None:
        """No more answers: only now is the result told, so that nobody stops when it happens to look good."""
        closing = lambda t: None if t.closed_at else t.model_copy(update={"closed_at": now()})
        self._change(test_id, closing)

    def _change(self, test_id: str, change: Change) -> BlindTest | None:
        """The test after `change` of what it is now; `change` says None where nothing is to be changed."""
        for attempt in range(TRIES):
            found = self.store.get(test_id)
            fresh = change(found.test) if found else None
            if found is None or fresh is None:
                return found.test if found else None
            if self.store.replace(fresh, found.version):
                return fresh
            time.sleep(random.uniform(0, 0.005 * min(attempt, 20)))
        raise StoreError("Too many answer this blind test at once. Try again in a moment.")


def waiting(test: BlindTest, seat: str) -> Trial | None:
    own = (t for t in test.trials if t.seat == seat and t.answer is None)
    return None if test.closed_at else next(own, None)
