"""The times in which no codec runs, when background work (anchors, audits) may use the machine."""

from __future__ import annotations

import threading


class Idle:
    """One for the agent and all its background threads; the worker says when it takes the machine.

    `wait` gives a cancel event that belongs to this idle time alone: it is set for good when the time ends, so that
    work which notices late never takes the next idle time for its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._busy, self._stopped = False, False
        self._cancel = threading.Event()

    def hold(self, busy: bool) -> None:
        """A codec runs, or does so no more."""
        with self._lock:
            if busy:
                self._cancel.set()
            elif self._busy and not self._stopped:
                self._cancel = threading.Event()
            self._busy = busy
            self._lock.notify_all()

    def stop(self) -> None:
        """The agent shuts down: what is under way is cancelled, and nothing is begun any more."""
        with self._lock:
            self._stopped = True
            self._cancel.set()
            self._lock.notify_all()

    def wait(self) -> threading.Event | None:
        """Wait until no codec runs. The event that calls the work off, or None where the agent shuts down."""
        with self._lock:
            self._lock.wait_for(lambda: self._stopped or not self._busy)
            return None if self._stopped else self._cancel
