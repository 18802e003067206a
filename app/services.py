"""What every page leans on, made once per server: settings, stores, the agent's client, drafts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from app.agent_client import AgentClient, AgentDown, AgentError, Health
from app.claude.chat import Chat
from app.claude.connection import Bedrock, Connection
from app.claude.models import price_table
from app.claude.store import ConversationStore
from app.drafts import Drafts
from app.settings import AppSettings
from gpu_agent.models import Clip
from gpu_agent.store import ArtifactStore, ExperimentStore
from gpu_agent.store.open import open_artifacts, open_experiments

HEALTH_SECONDS = 2.0
CLIPS_SECONDS = 15.0


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
    _health: tuple[float, Health | None] = field(default=(-1e9, None), repr=False)
    _clips: tuple[float, list[Clip], list[str]] = field(default=(-1e9, [], []), repr=False)

    def health(self) -> Health | None:
        """The agent's health, at most two seconds old; None while it is down."""
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
        at, clips, default = self._clips
        if fresh or not clips or time.monotonic() - at > CLIPS_SECONDS:
            try:
                clips, default = self.agent.clips()
                self._clips = (time.monotonic(), clips, default)
            except (AgentDown, AgentError):
                pass
        return clips, default

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
    )


def connection(settings: AppSettings) -> Connection:
    """How Claude is reached, from the settings."""
    if settings.claude_via == "bedrock":
        key = settings.bedrock_api_key
        region = settings.bedrock_region or settings.aws_region
        bedrock = Bedrock(region, key.get_secret_value() if key else None, settings.bedrock_url)
        return Connection(bedrock=bedrock, prices=price_table(settings.prices, builtin={}))
    key = settings.anthropic_api_key
    return Connection(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.anthropic_base_url,
        prices=price_table(settings.prices),
    )


@st.cache_resource(show_spinner=False)
def services() -> Services:
    return open_services(AppSettings())
