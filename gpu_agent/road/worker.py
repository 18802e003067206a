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

from ..models import ErrorCategory, Experiment, Failure, Lease, Progress, Status, Summary, now
from ..store import ExperimentStore, StoreError
from .report import EventKind, of_the_agent
from .tools import Tools
from .walk import Walk

POLL_SECONDS = 2.0
PROGRESS_SECONDS = 0.25
RETRY_SECONDS = 0.2
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
        self.news = 0
        self._changed = threading.Condition()
        self.current: Run | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._unreadable: set[str] = set()

    def wake(self) -> None:
        """Something was queued: look at once instead of at the next poll."""
        self._wake.set()

    def notify(self) -> None:
        """Wake every long poll: an event was written or a status changed."""
        with self._changed:
            self.news += 1
            self._changed.notify_all()

    def wait_for_news(self, known: int, seconds: float) -> None:
        """Until `news` is no longer what the caller has seen, so that nothing between reading and waiting is missed."""
        with self._changed:
            self._changed.wait_for(lambda: self.news != known, seconds)

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
            except Exception:
                log.exception("the worker failed, and goes on")
                took = False
            if not took:
                self._wake.wait(POLL_SECONDS)

    def _take_one(self) -> bool:
        waiting = self.store.waiting(limit=1 + len(self._unreadable))
        if not waiting or not self.tools.jail.status().available:
            return False
        first = next((i for i in waiting if i not in self._unreadable), waiting[0])
        lease = self.store.claim(first, self.owner, self.tools.settings.lease_seconds)
        if lease is None:
            return True
        try:
            experiment = self.store.get(first)
        except StoreError:
            self._unreadable.add(first)  # those behind it go first from now on
            raise
        self._unreadable.discard(first)
        if experiment is None:
            return False
        experiment.attempts += 1
        run = Run(self, experiment, lease)
        self.current = run
        if self._stopping.is_set():
            run.interrupt()
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
        if e.cancel_requested:
            self.cancel.set()
        elif e.attempts > self.settings.max_attempts:
            return self._lose()
        self.save(e)
        self.event("status", "running")
        keeper = threading.Thread(target=self._keep, name=f"lease-{e.id}", daemon=True)
        keeper.start()
        try:
            original = self.store.get(e.rerun_of) if e.rerun_of else None
            parent = self.store.get(e.parent_id) if e.parent_id and e.hypothesis else None
            final = Walk(self.worker.tools, e, self, self.cancel, original, parent).run()
        except Exception as bug:  # the record must become terminal whatever died
            log.exception("experiment %s: the agent failed", e.id)
            final = failed_with(e, bug)
        finally:
            self.done.set()
            keeper.join()
        if self.interrupted and final.status is Status.CANCELLED and not self._cancel_wished():
            return self._put_back(final)
        return self._finish(final)

    def _cancel_wished(self) -> bool:
        try:
            kept = self.store.get(self.experiment.id)
        except StoreError:
            return False
        return kept is not None and kept.cancel_requested

    def _put_back(self, e: Experiment) -> None:
        """The agent shuts down in order: the experiment waits again, and this start does not count."""
        e.status, e.attempts, e.results, e.started_at, e.finished_at = Status.RUNNING, e.attempts - 1, [], None, None
        e.summary, e.progress = Summary(), Progress(points=e.progress.points)
        try:
            back = self.store.save(e, self.lease) and self.store.release(e.id, self.lease)
        except StoreError as problem:  # it is found again when its lease has run out
            log.error("experiment %s: cannot be put back into the queue: %s", e.id, problem)
            return
        if back:
            self.event("status", "queued again: the agent shut down during the run")
            log.info("experiment %s: queued again", e.id)

    def _lose(self) -> None:
        e = self.experiment
        e.status, e.finished_at, e.results = Status.FAILED, now(), []
        e.error = Failure(
            category=ErrorCategory.LOST,
            message=f"The agent died {e.attempts - 1} times while it ran this experiment, so it is not tried again.",
        )
        e.progress = e.progress.model_copy(update={"stage": "finished"})
        log.error("experiment %s: %s", e.id, e.error.message)
        self._finish(e)

    def _finish(self, final: Experiment) -> None:
        """Write the terminal record, again and again while the store has hiccups: a status must not stay running."""
        for attempt in range(6):
            try:
                written = self.store.save(final, self.lease)
                break
            except Exception as problem:
                log.error("experiment %s: cannot write the result: %s", final.id, problem)
                time.sleep(RETRY_SECONDS * 2**attempt)
        else:
            return  # it is found again when its lease has run out
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
            except Exception as problem:
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
        except Exception as problem:
            log.warning("experiment %s: %s", self.experiment.id, problem)


def failed_with(e: Experiment, bug: Exception) -> Experiment:
    """The terminal record of a run that the agent itself could not go on with."""
    e.status, e.finished_at, e.results, e.summary = Status.FAILED, now(), [], Summary()
    e.started_at = e.started_at or e.finished_at
    message = str(bug) if isinstance(bug, StoreError) else of_the_agent(bug)
    e.error = Failure(category=ErrorCategory.LOST, message=message)
    e.progress = e.progress.model_copy(update={"stage": "finished"})
    return e
