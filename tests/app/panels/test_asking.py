"""Pictures are asked of the agent with little patience, because a page waits for them."""

from __future__ import annotations

import pytest

from app.agent_client import AgentDown
from app.panels.asking import PICTURE_SECONDS, fetching


class Agent:
    def __init__(self):
        self.asked = []

    def artifact(self, key: str, timeout: float) -> bytes:
        self.asked.append((key, timeout))
        if "b" in key:
            raise AgentDown("away")
        return key.encode()


def test_after_one_picture_that_did_not_come_none_is_asked_for():
    agent = Agent()
    fetch = fetching(agent)
    assert fetch("a") == b"a"
    for key in ("b", "c"):
        with pytest.raises(AgentDown):
            fetch(key)
    assert agent.asked == [("a", PICTURE_SECONDS), ("b", PICTURE_SECONDS)]
