"""One agent for a module: one that runs codecs on a tiny clip, and one on which everything waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.agent_client import AgentClient
from gpu_agent.server import Agent
from tests.gpu_agent.live import client_of, live_agent, tiny_clip, upload


@pytest.fixture(scope="module")
def agent(tmp_path_factory) -> Iterator[Agent]:
    folder = tmp_path_factory.mktemp("agent")
    with live_agent(folder / "data", agent_name="tests") as agent:
        status = agent.tools.jail.status()
        if not status.available:
            pytest.skip(f"the jail cannot run here: {status.message}")
        upload(client_of(agent), tiny_clip(folder))
        yield agent


@pytest.fixture(scope="module")
def client(agent: Agent) -> AgentClient:
    return client_of(agent)


@pytest.fixture(scope="module")
def idle(tmp_path_factory) -> Iterator[Agent]:
    folder = tmp_path_factory.mktemp("idle")
    with live_agent(folder / "data", jail=False) as agent:
        upload(client_of(agent), tiny_clip(folder))
        yield agent
