"""What every page leans on, made once per server: settings, stores, the agent's client, drafts."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from app.agent_client import AgentClient, AgentDown, AgentError, Health
from app.autopilot.ledger import Ledger
from app.blind import BlindTests
from app.claude.chat import Chat
from app.claude.connection import Connection
from app.claude.store import ConversationStore
from app.connect import connection
from app.dispatch import WAITING
from app.drafts import Drafts
from app.settings import AppSettings
from app.worker import Worker, open_worker, waiting
from gpu_agent.models import Clip
from gpu_agent.outline import Outline
from gpu_agent.store import ArtifactStore, ExperimentStore
from gpu_agent.store.open import open_artifacts, open_blind, open_experiments

HEALTH_SECONDS = 2.0
CLIPS_SECONDS = 15.0
OUTLINES_SECONDS = 5.0


@dataclass
class Services:
    """Shared by all sessions; everything in it is thread-safe. What was last heard of the agent is kept for moments."""

    settings: AppSettings
    store: ExperimentStore
    artifacts: ArtifactStore
    agent: AgentClient
    drafts: Drafts
    chat: Chat
    connection: Connection
    ledger: Ledger
    blind: BlindTests
    worker: Worker | None = None
    _health: tuple[float, Health | None] = field(default=(-1e9, None), repr=False)
    _outlines: tuple[float, list[Outline]] = field(default=(-1e9, []), repr=False)
    _clips: tuple[float, list[Clip], list[str]] = field(default=(-1e9, [], []), repr=False)
    _clips_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reachable(self) -> bool:
        """False where the worker's machine is known to be off: nobody waits for a connection to it then."""
        return self.worker is None or self.worker.known().may_answer

    def away(self) -> str:
        """What is said of a dispatch that the agent has not seen."""
        return WAITING if self.worker is None else waiting(self.worker.known())

    def health(self) -> Health | None:
        """The agent's health, at most two seconds old; None while it is down."""
        if not self.reachable():
            return None
        at, known = self._health
        if time.monotonic() - at > HEALTH_SECONDS:
            try:
                known = self.agent.health()
            except (AgentDown, AgentError):
                known = None
            self._health = (time.monotonic(), known)
        return known

    def clips(self, fresh: bool = False) -> tuple[list[Clip], list[str]]:
        """The catalogue and the default clips; what was last known where the agent is down."""
        asked = time.monotonic()
        at, clips, _ = self._clips
        if (fresh or not clips or asked - at > CLIPS_SECONDS) and self.reachable():
            try:
                answer = self.agent.clips()
            except (AgentDown, AgentError):
                pass
            else:
                with self._clips_lock:
                    if asked >= self._clips[0]:  # else somebody asked later and was answered first
                        self._clips = (asked, *answer)
        return self._clips[1:]

    def outlines(self) -> list[Outline]:
        """Every experiment in a few figures, newest first, at most five seconds old. Not to be changed."""
        at, known = self._outlines
        if time.monotonic() - at > OUTLINES_SECONDS:
            known = self.store.outlines()
            self._outlines = (time.monotonic(), known)
        return known

    def clip(self, name: str) -> Clip | None:
        return next((c for c in self.clips()[0] if c.name == name), None)


def open_services(settings: AppSettings) -> Services:
    root: Path = settings.root
    return Services(
        settings,
        open_experiments(settings),
        open_artifacts(settings),
        AgentClient(settings.agent_url, settings.bearer_token),
        Drafts(root / "app.db"),
        Chat(ConversationStore(root / "app.db")),
        connection(settings),
        Ledger(root / "autopilot.db"),
        BlindTests(open_blind(settings)),
        open_worker(settings.worker_instance, settings),
    )


@st.cache_resource(show_spinner=False)
def services() -> Services:
    return open_services(AppSettings())
