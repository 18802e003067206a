"""Keeps the services running until a signal: waits until they answer, restarts what dies, stops all at the end.

A service that dies before it has ever answered ends everything: the same start would fail again. Later deaths are
answered with a restart after 1, 2, 4 … 30 seconds; a minute of life makes the next wait short again.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.launcher.service import Service
from infra.launcher.terminal import Problem, ProgressLine, say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_WAIT = 30.0
HEALTHY_AFTER = 60.0


class Stopped(Exception):
    """A signal asked the launcher to end."""


@dataclass
class Watch:
    service: Service
    deaths: int = 0
    started: float = 0.0
    restart_at: float | None = None


class Supervisor:
    """Context manager: while it is open signals are collected, and at its end no process of a service is left."""

    def __init__(self, services: Sequence[Service], start_seconds: float = 120.0, first_wait: float = 1.0) -> None:
        self.watches = [Watch(service) for service in services]
        self.start_seconds, self.first_wait = start_seconds, first_wait

    def __enter__(self) -> Supervisor:
        self._wake, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        self._before_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        signal.set_wakeup_fd(self._before_fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._wake)
        os.close(self._write)

    def start(self) -> None:
        """Start all and return when all answer. Raises Problem with the last lines of what did not, or Stopped."""
        for watch in self.watches:
            self._launch(watch)
        until = time.monotonic() + self.start_seconds
        waiting = [watch.service for watch in self.watches]
        with ProgressLine("Starting") as line:
            while waiting:
                line.update(" and ".join(service.name for service in waiting))
                for service in waiting:
                    if service.exit_code() is not None:
                        raise Problem(self._obituary(service, "did not start"))
                waiting = [service for service in waiting if not service.answers()]
                if waiting and time.monotonic() > until:
                    raise Problem(self._obituary(waiting[0], f"does not answer after {self.start_seconds:.0f} s"))
                if waiting:
                    self._sleep([], 0.1)

    def watch(self, each: Callable[[], None] = lambda: None) -> None:
        """Restart what dies, until Stopped; raises Problem when a service has died too often. `each`: after a change."""
        while True:
            for watch in self.watches:
                if watch.restart_at is None and watch.service.exit_code() is not None:
                    self._died(watch)
                    each()
                elif watch.restart_at is not None and time.monotonic() >= watch.restart_at:
                    self._launch(watch)
                    say(f"The {watch.service.name} was started again.")
                    each()
            restarts = [watch.restart_at for watch in self.watches if watch.restart_at is not None]
            running = [watch.service for watch in self.watches if watch.restart_at is None]
            self._sleep(running, max(0.0, min(restarts) - time.monotonic()) if restarts else None)

    def _launch(self, watch: Watch) -> None:
        watch.restart_at, watch.started = None, time.monotonic()
        watch.service.start()

    def _died(self, watch: Watch) -> None:
        if time.monotonic() - watch.started > HEALTHY_AFTER:
            watch.deaths = 0
        watch.deaths += 1
        text = self._obituary(watch.service, "has stopped")
        if watch.service.restarts is not None and watch.deaths > watch.service.restarts:
            raise Problem(f"{text}\nIt has died {watch.deaths} times in a row, so everything is stopped.")
        pause = min(LONGEST_WAIT, self.first_wait * 2 ** (watch.deaths - 1))
        watch.restart_at = time.monotonic() + pause
        say(f"{text}\nIt is started again in {pause:.3g} s.", error=True)

    @staticmethod
    def _obituary(service: Service, what: str) -> str:
        code = service.exit_code()
        ending = "" if code is None else f" (signal {code - 128})" if code > 128 else f" (exit status {code})"
        lines = [f"  {line}" for line in service.last_lines()]
        said = [f"The last lines of {service.log}:", *lines] if lines else []
        return "\n".join([f"The {service.name} {what}{ending}.", *said])

    def _sleep(self, running: Sequence[Service], seconds: float | None) -> None:
        """Until a signal (Stopped), the end of one that the caller takes to be running, or so many seconds.

        One that has ended since the caller looked ends the sleep at once: its end must not be slept through.
        """
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as handles:
            selector.register(self._wake, selectors.EVENT_READ)
            for service in running:
                if service.exit_code() is not None:
                    seconds = 0
                    continue
                handle = os.pidfd_open(service.process.pid)
                handles.callback(os.close, handle)
                selector.register(handle, selectors.EVENT_READ)
            if any(key.fd == self._wake for key, _ in selector.select(seconds)):
                os.read(self._wake, 512)
                raise Stopped

    def _stop(self) -> None:
        """All at once, each with its grace; a second signal shortens the wait."""
        for watch in self.watches:
            watch.service.ask_to_stop()
        for watch in self.watches:
            while watch.service.exit_code() is None and watch.service.process is not None:
                try:
                    self._sleep([watch.service], None)
                except Stopped:
                    for other in self.watches:
                        other.service.kill()
