"""The agent's one worker: takes waiting experiments in order and walks each under a lease.

The store is the queue; what this thread keeps in memory is only a wake-up. A record that was running under a dead
agent is found again when its lease has run out, and is failed as lost when that happened too often.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from ..models import ErrorCategory, Experiment, Failure, Lease, Progress, Status, now
from ..store import ExperimentStore, StoreError
from .report import EventKind
from .tools import Tools
from .walk import Walk

POLL_SECONDS = 2.0
PROGRESS_SECONDS = 0.25
log = logging.getLogger(__name__)


class Worker(threading.Thread):
    """`on_busy` hears when a run takes the machine and gives it back, `on_end` gets each record that became terminal."""

    def __init__(
        self,
        tools: Tools,
        store: ExperimentStore,
        on_busy: Callable[[bool], None] = lambda busy: None,
        on_end: Callable[[Experiment], None] = lambda experiment: None,
    ):
        super().__init__(name="worker", daemon=True)
        self.on_busy, self.on_end = on_busy, on_end
        self.tools, self.store = tools, store
        self.owner = f"{tools.settings.agent_name}:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.changed = threading.Condition()
        self.current: Run | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Something was queued: look at once instead of at the next poll."""
        self._wake.set()

    def notify(self) -> None:
        """Wake every long poll: an event was written or a status changed."""
        with self.changed:
            self.changed.notify_all()

    def cancel(self, experiment_id: str) -> None:
        """Stop the run at once where it is this worker's; the wish itself is in the store."""
        run = self.current
        if run is not None and run.experiment.id == experiment_id:
            run.cancel.set()

    def stop(self, timeout: float = 15.0) -> None:
        """Shut down in order: a running experiment goes back into the queue."""
        self._stopping.set()
        self._wake.set()
        run = self.current
        if run is not None:
            run.interrupt()
        self.join(timeout)

    def run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                took = self._take_one()
            except StoreError as e:
                log.error("the store does not answer: %s", e)
                took = False
            if not took:
                self._wake.wait(POLL_SECONDS)

    def _take_one(self) -> bool:
        waiting = self.store.waiting(limit=1)
        if not waiting or not self.tools.jail.status().available:
            return False
        lease = self.store.claim(waiting[0], self.owner, self.tools.settings.lease_seconds)
        if lease is None:
            return True
        experiment = self.store.get(waiting[0])
        if experiment is None:
            return False
        experiment.attempts += 1
        run = Run(self, experiment, lease)
        self.current = run
        self.on_busy(True)
        try:
            run.go()
        finally:
            self.current = None
            self.on_busy(False)
            self.notify()
        return True


class Run:
    """One experiment under one lease: keeps the lease, listens for a cancel, reports into the store."""

    def __init__(self, worker: Worker, experiment: Experiment, lease: Lease):
        self.worker, self.experiment, self.lease = worker, experiment, lease
        self.store, self.settings = worker.store, worker.tools.settings
        self.cancel, self.done = threading.Event(), threading.Event()
        self.ours, self.interrupted = True, False
        self._told = 0.0

    def go(self) -> None:
        e = self.experiment
        log.info("experiment %s: started, attempt %d, fence %d", e.id, e.attempts, self.lease.fence)
        if e.attempts > self.settings.max_attempts:
            return self._lose()
        self.save(e)
        self.event("status", "running")
        keeper = threading.Thread(target=self._keep, name=f"lease-{e.id}", daemon=True)
        keeper.start()
        try:
            original = self.store.get(e.rerun_of) if e.rerun_of else None
            final = Walk(self.worker.tools, e, self, self.cancel, original).run()
        finally:
            self.done.set()
            keeper.join()
        if self.interrupted and final.status is Status.CANCELLED:
            return self._put_back(final)
        return self._finish(final)

    def _put_back(self, e: Experiment) -> None:
        """The agent shuts down in order: the experiment waits again, and this start does not count."""
        e.status, e.attempts, e.results, e.started_at, e.finished_at = Status.RUNNING, e.attempts - 1, [], None, None
        e.progress = Progress(points=e.progress.points)
        if self.store.save(e, self.lease) and self.store.release(e.id, self.lease):
            self.event("status", "queued again: the agent shut down during the run")

    def _lose(self) -> None:
        e = self.experiment
        e.status, e.finished_at, e.results = Status.FAILED, now(), []
        e.error = Failure(
            category=ErrorCategory.LOST,
            message=f"The agent died {e.attempts - 1} times while it ran this experiment, so it is not tried again.",
        )
        e.progress = e.progress.model_copy(update={"stage": "finished"})
        self._finish(e)

    def _finish(self, final: Experiment) -> None:
        """Write the terminal record, again and again while the store has hiccups: a status must not stay running."""
        for attempt in range(6):
            try:
                written = self.store.save(final, self.lease)
                break
            except StoreError as problem:
                log.error("experiment %s: cannot write the result: %s", final.id, problem)
                time.sleep(0.2 * 2**attempt)
        else:
            return
        if not written:
            log.warning("experiment %s: the lease was lost, the result is dropped", final.id)
            return
        self.event("status", final.status.value, final.progress)
        log.info("experiment %s: %s", final.id, final.status.value)
        self.worker.on_end(final)

    def interrupt(self) -> None:
        self.interrupted = True
        self.cancel.set()

    def _keep(self) -> None:
        """Renew the lease, and see the wish to cancel, which may come from another process."""
        beat = min(1.0, self.settings.lease_seconds / 4)
        renewed = time.monotonic()
        while not self.done.wait(beat):
            try:
                if time.monotonic() - renewed >= self.settings.lease_seconds / 4:
                    self.ours = self.store.renew(self.experiment.id, self.lease, self.settings.lease_seconds)
                    renewed = time.monotonic()
                wished = self.store.get(self.experiment.id)
            except StoreError as problem:
                log.warning("experiment %s: the lease could not be renewed: %s", self.experiment.id, problem)
                continue
            if not self.ours or wished is None or wished.cancel_requested:
                self.cancel.set()

    # Reporter ---------------------------------------------------------------------------------------------------

    def progress(self, progress: Progress) -> None:
        if time.monotonic() - self._told < PROGRESS_SECONDS:
            return
        self._told = time.monotonic()
        self._quietly(lambda: self.store.save_progress(self.experiment.id, self.lease, progress))
        self.worker.notify()

    def event(self, kind: EventKind, message: str, progress: Progress | None = None) -> None:
        self._quietly(lambda: self.store.add_event(self.experiment.id, kind, message, progress))
        self.worker.notify()

    def save(self, experiment: Experiment) -> None:
        if not experiment.status.terminal:
            self._quietly(lambda: self.store.save(experiment, self.lease))

    def _quietly(self, write) -> None:
        """Progress that cannot be told does not end a run; the terminal record is what must be written."""
        try:
            write()
        except StoreError as problem:
            log.warning("experiment %s: %s", self.experiment.id, problem)
