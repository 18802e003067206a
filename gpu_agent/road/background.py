"""Work on finished experiments that waits until no codec runs: newest first, taken up again where a run came between.

An experiment ends without waiting for any of it. What is found is kept as it is found, so that nothing is made twice.
"""

from __future__ import annotations

import logging
import threading

from ..models import Experiment, Status
from ..store import ExperimentStore, Query, StoreError
from .idle import Idle

RECENT = 50
MAX_INTERRUPTIONS = 20
"""How often the work on an experiment is taken up again before this agent lets it rest; the next start tries anew."""

log = logging.getLogger(__name__)


class Background(threading.Thread):
    """One kind of such work; a subclass says what in `work`. At its start it looks at the recent experiments."""

    def __init__(self, name: str, store: ExperimentStore, idle: Idle):
        super().__init__(name=name, daemon=True)
        self.store, self.idle = store, idle
        self._wanted: dict[str, None] = {}
        self._interruptions: dict[str, int] = {}
        self._changed, self._stopping = threading.Condition(), False
        self.at_work = False

    def work(self, experiment: Experiment, cancel: threading.Event) -> bool:
        """Look after a succeeded experiment until done or `cancel` is set. True: something is left to be done."""
        raise NotImplementedError

    def want(self, experiment: Experiment) -> None:
        """Look after this experiment, if it is one that succeeded."""
        if experiment.status is Status.SUCCEEDED:
            self.look(experiment.id)

    def look(self, experiment_id: str) -> None:
        """See what is left to be done for this experiment."""
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
            log.warning("%s: %s", self.name, e)
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
        self.at_work = True
        try:
            experiment = self.store.get(experiment_id)
            if experiment is None or experiment.status is not Status.SUCCEEDED:
                return
            if self.work(experiment, cancel) and cancel.is_set():
                self._again(experiment_id)
        except StoreError as e:
            log.warning("%s of %s: %s", self.name, experiment_id, e)
        except Exception:  # it must never take the agent down, and one that fails must not stop the others
            log.exception("%s of %s failed", self.name, experiment_id)
        finally:
            self.at_work = False

    def _again(self, experiment_id: str) -> None:
        count = self._interruptions[experiment_id] = self._interruptions.get(experiment_id, 0) + 1
        if count <= MAX_INTERRUPTIONS:
            self.look(experiment_id)
