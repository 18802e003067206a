"""Audits beside experiments: made while no codec runs, so that each badge joins its record as soon as it is known."""

from __future__ import annotations

import logging
import threading

from ..models import UNSAFE, Audit, Experiment, now
from ..road.background import Background
from ..road.idle import Idle
from ..road.report import RunFailed
from ..road.tools import Tools
from ..store import ExperimentStore
from .audit import ORDER, audit, judge_again
from .bench import CurveOf, unknown, wants_retry

log = logging.getLogger(__name__)


class Auditor(Background):
    """Audits what has none, and judges again what new BD-rates change."""

    def __init__(self, tools: Tools, store: ExperimentStore, idle: Idle, curve_of: CurveOf):
        super().__init__("auditor", store, idle)
        self.tools, self.curve_of = tools, curve_of

    def want(self, experiment: Experiment) -> None:
        """A run without a jail is not ranked, so there is nothing to vouch for."""
        if experiment.sandbox != UNSAFE:
            super().want(experiment)

    def work(self, experiment: Experiment, cancel: threading.Event) -> bool:
        found = self._audit(experiment, cancel)
        if found is not experiment.audit:
            self.store.set_audit(experiment.id, found)
            said = ", ".join(f"{b.name} {b.verdict}" for b in found.badges)
            log.info("experiment %s: audited, %s", experiment.id, said)
        return any(wants_retry(b) for b in found.badges)

    def _audit(self, experiment: Experiment, cancel: threading.Event) -> Audit:
        known = experiment.audit
        if (
            known is not None
            and {b.name for b in known.badges} >= set(ORDER)
            and not any(map(wants_retry, known.badges))
        ):
            return judge_again(experiment, known, self.curve_of)
        try:
            return audit(self.tools, experiment, self.curve_of, cancel, known=known)
        except RunFailed as no_room:
            badges = {b.name: b for b in known.badges if not wants_retry(b)} if known else {}
            reason = f"There was no room for an audit: {no_room}"
            return Audit(
                at=now(),
                badges=[badges.get(name) or unknown(name, reason, retry=True) for name in ORDER],
                held=known.held if known else False,
            )
