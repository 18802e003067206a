"""Audits beside experiments: made while no codec runs, newest first, and taken up again where a run came between.

An experiment ends without waiting for this. Each badge is kept in the record as soon as the audit ends or is called
off, so that what was found is never made twice.
"""

from __future__ import annotations

import logging
import threading

from ..models import Audit, Experiment, Status, now
from ..road.idle import Idle
from ..road.report import RunFailed
from ..road.tools import Tools
from ..store import ExperimentStore, Query, StoreError
from .audit import ORDER, audit, judge_again
from .bench import CurveOf, unknown, wants_retry

RECENT = 50
MAX_INTERRUPTIONS = 20
"""How often an audit is taken up again before this agent lets it rest; the next start tries anew."""

log = logging.getLogger(__name__)


class Auditor(threading.Thread):
    def __init__(self, tools: Tools, store: ExperimentStore, idle: Idle, curve_of: CurveOf):
        super().__init__(name="auditor", daemon=True)
        self.tools, self.store, self.idle, self.curve_of = tools, store, idle, curve_of
        self._wanted: dict[str, None] = {}
        self._interruptions: dict[str, int] = {}
        self._changed, self._stopping = threading.Condition(), False

    def want(self, experiment: Experiment) -> None:
        """Audit this experiment, if it is one that succeeded."""
        if experiment.status is Status.SUCCEEDED:
            self.look(experiment.id)

    def look(self, experiment_id: str) -> None:
        """See what is missing for this experiment, or whether new BD-rates change a verdict."""
        with self._changed:
            self._wanted.pop(experiment_id, None)
            self._wanted[experiment_id] = None
            self._changed.notify()

    def stop(self) -> None:
        """Leave soon; the caller stops `idle`, which calls off what is under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        try:
            for experiment in reversed(self.store.page(Query(limit=RECENT, status=Status.SUCCEEDED)).items):
                self.want(experiment)
        except StoreError as e:
            log.warning("audits: %s", e)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._wanted)
                if self._stopping:
                    return
                experiment_id, _ = self._wanted.popitem()
            cancel = self.idle.wait()
            if cancel is None:
                return
            self._one(experiment_id, cancel)

    def _one(self, experiment_id: str, cancel: threading.Event) -> None:
        try:
            experiment = self.store.get(experiment_id)
            if experiment is None or experiment.status is not Status.SUCCEEDED:
                return
            found = self._audit(experiment, cancel)
            if found is not experiment.audit:
                self.store.set_audit(experiment_id, found)
                log.info(
                    "experiment %s: audited, %s",
                    experiment_id,
                    ", ".join(f"{b.name} {b.verdict}" for b in found.badges),
                )
            if cancel.is_set() and any(wants_retry(b) for b in found.badges):
                self._again(experiment_id)
        except StoreError as e:
            log.warning("audit of %s: %s", experiment_id, e)
        except Exception:  # an audit must never take the agent down, and one that fails must not stop the others
            log.exception("audit of %s failed", experiment_id)

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

    def _again(self, experiment_id: str) -> None:
        count = self._interruptions[experiment_id] = self._interruptions.get(experiment_id, 0) + 1
        if count <= MAX_INTERRUPTIONS:
            self.look(experiment_id)
