"""One run as this process holds it: what its steps share, and the only way in which they write into the ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.agent_client import AgentClient
from app.evidence import Evidence
from gpu_agent.models import Experiment, now
from gpu_agent.store import ExperimentStore

from .asking import Asking
from .budget import Budget, Standing, budget_of, standing_of
from .ledger import Ledger
from .models import Attempt, Run, Verdict
from .scoring import CurveOf

PATIENCE = 900.0
"""Seconds to wait for the anchor's curve or for the audit of a would-be champion."""
LONGEST_TICK = 5.0
log = logging.getLogger(__name__)


@dataclass
class Surroundings:
    """What a run works with. `evidence`: of an experiment, on these clips alone, with pictures or without."""

    ledger: Ledger
    store: ExperimentStore
    agent: AgentClient
    asking: Asking
    curve_of: CurveOf
    evidence: Callable[[Experiment, Sequence[str], bool], Evidence]
    patience: float = PATIENCE
    first_wait: float = 2.0


class Course:
    """Lives as long as the process; `attempts` is the ledger's list, which nobody else writes.

    `closing`: why the run is about to end. `told`: holds that a person has heard of and may resume from.
    """

    def __init__(self, around: Surroundings, run: Run):
        self.around, self.run = around, run
        self.ledger, self.store = around.ledger, around.store
        self.attempts = self.ledger.attempts(run.id)
        self.closing: str | None = None
        self.told: set[str] = set()
        self._tick: float | None = None
        self._since: dict[str, float] = {}
        self._not_before = 0.0

    # What is known --------------------------------------------------------------------------------------------------

    @property
    def current(self) -> Attempt | None:
        return next((a for a in self.attempts if not a.ended), None)

    @property
    def measured(self) -> list[Attempt]:
        return [a for a in self.attempts if a.verdict == "measured"]

    def record(self, attempt: Attempt) -> Experiment | None:
        """The experiment of the stage that the attempt is at."""
        known = attempt.experiments.get(attempt.stage)  # type: ignore[call-overload]
        return self.store.get(known) if known else None

    def standing(self) -> Standing:
        return standing_of(self.attempts, self.run.seconds)

    def budget(self) -> Budget:
        return budget_of(self.run.settings.budget, self.kept())

    def kept(self) -> int:
        """Experiments that are kept for the champion's validation."""
        most = self.run.settings.budget.experiments
        return 1 if self.run.settings.validation_clips and most is not None and most > 1 else 0

    def room(self) -> int | None:
        """Experiments left for the search; None: no bound."""
        most = self.run.settings.budget.experiments
        return None if most is None else most - self.kept() - self.standing().experiments

    # Time -----------------------------------------------------------------------------------------------------------

    def count_time(self) -> None:
        """Active seconds; a machine that slept meanwhile is not charged for it."""
        at = time.monotonic()
        if self._tick is not None and self.run.state == "running":
            passed = min(at - self._tick, LONGEST_TICK)
            self.run.seconds += passed
            if self.run.seconds // LONGEST_TICK != (self.run.seconds - passed) // LONGEST_TICK:
                self.save_run()
        self._tick = at

    def waiting(self, what: str) -> bool:
        """True for as long as patience lasts, from the first time that it is asked."""
        return time.monotonic() - self._since.setdefault(what, time.monotonic()) < self.around.patience

    def rest(self, seconds: float) -> None:
        """Nothing that was refused is sent again before."""
        self._not_before = time.monotonic() + seconds

    @property
    def rested(self) -> bool:
        return time.monotonic() >= self._not_before

    # What is written down -------------------------------------------------------------------------------------------

    def save_run(self) -> None:
        self.ledger.save(self.run)

    def put(self, attempt: Attempt, **changes: object) -> None:
        for name, value in changes.items():
            setattr(attempt, name, value)
        self.ledger.put(attempt)

    def end(self, attempt: Attempt, verdict: Verdict, said: str | None = None) -> None:
        log.info("run %s: attempt %d: %s", self.run.id, attempt.number, verdict)
        self.put(attempt, phase="ended", verdict=verdict, said=said, ended_at=now())

    def hold(self, why: str) -> None:
        """Something that a person has to see to; a resume goes on where it was."""
        log.warning("run %s: held: %s", self.run.id, why)
        self.run.reason = why
        self.save_run()
        self.ledger.wish(self.run.id, "pause")

    def finish(self, reason: str) -> None:
        log.info("run %s: ended: %s", self.run.id, reason)
        self.run.state, self.run.reason, self.run.ended_at = "ended", reason, now()
        self.save_run()
