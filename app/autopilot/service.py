"""The autopilot's process: looks at every run that has not ended, moves each a step, and rests until something happens."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from app.agent_client import AgentClient
from app.connect import connection
from app.evidence import Evidence, Sources, describe
from app.settings import AppSettings
from gpu_agent.models import Experiment
from gpu_agent.store import StoreError
from gpu_agent.store.open import open_artifacts, open_experiments

from .asking import Asking
from .control import Control, open_control
from .course import Course, Surroundings
from .ledger import Ledger
from .loop import Loop
from .scoring import published

REST = {"local": 0.5, "aws": 2.0}
"""Seconds between two looks where nothing moved; on AWS each look is paid for."""
BEAT = 5.0
NO_KEY = "Claude needs an API key. Set ANTHROPIC_API_KEY, start the lab again, and the runs go on."
log = logging.getLogger(__name__)


class AlreadyRunning(RuntimeError):
    """Another autopilot works on this data folder."""


class Service:
    """Owns the ledger's service side while it lives. One a data folder, held by a lock that dies with the process."""

    def __init__(self, settings: AppSettings, ready: bool | None = None):
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_folder(settings.root)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self.ledger = Ledger(settings.root / "autopilot.db")
        reached = connection(settings)
        self.ready = reached.ready if ready is None else ready
        self.control: Control = open_control(settings)
        store, artifacts = open_experiments(settings), open_artifacts(settings)
        agent = AgentClient(settings.agent_url, settings.bearer_token)
        sources = Sources(artifacts, agent.artifact)

        def evidence(experiment: Experiment, clips: Sequence[str], pictures: bool) -> Evidence:
            parent = store.get(experiment.parent_id) if experiment.parent_id else None
            return describe(experiment, parent=parent, sources=sources, clips=clips, with_images=pictures)

        asking = Asking(reached, self._wake.set)
        self.around = Surroundings(self.ledger, store, agent, asking, published(artifacts), evidence)
        self._loops: dict[str, Loop] = {}
        self._rest, self._told = REST[settings.store], ("", -BEAT)

    def serve(self) -> None:
        """Until `stop`. A store that does not answer for a while is waited for."""
        log.info("the autopilot runs" if self.ready else NO_KEY)
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                moved = self.look()
            except StoreError as error:
                log.error("the store does not answer: %s", error)
                moved = False
            if not moved:
                self._wake.wait(self._rest)
        self.around.asking.stop_all()
        for loop in self._loops.values():
            loop.interrupt()
        os.close(self._lock)

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def look(self) -> bool:
        """Move every run a step; True where one has moved."""
        runs = self.ledger.under_way()
        held = None if self.ready else NO_KEY
        held = held or (self.control.paused() if runs else None)
        self._beat(held or (f"{len(runs)} under way" if runs else "idle"))
        moved = False
        for run in runs:
            loop = self._loops.get(run.id) or self._loops.setdefault(run.id, Loop(self.around, run))
            before = mark(loop.course)
            try:
                loop.advance(run, held)
            except StoreError:
                raise
            except Exception:  # one run must not take the others down
                log.exception("run %s: the autopilot failed", run.id)
                loop.fail()
            moved = moved or mark(loop.course) != before
            if loop.course.run.state == "ended":
                self._loops.pop(run.id, None)
        return moved

    def _beat(self, said: str) -> None:
        before, at = self._told
        if said != before or time.monotonic() - at >= BEAT:
            self.ledger.beat(said)
            self._told = said, time.monotonic()


def mark(course: Course) -> tuple:
    """Changes with every step of a run."""
    return course.run.state, len(course.attempts), [(a.phase, a.stage, a.request) for a in course.attempts[-1:]]


def take_folder(root: Path) -> int:
    handle = os.open(root / "autopilot.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise AlreadyRunning(f"An autopilot already works on {root}.") from None
    return handle
