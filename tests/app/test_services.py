"""What the pages share of the agent's answers."""

from __future__ import annotations

import pytest

from app.agent_client import AgentDown
from app.services import Services, open_services
from app.settings import AppSettings


@pytest.fixture
def services(tmp_path, monkeypatch) -> Services:
    monkeypatch.setenv("CODEC_LAB_DATA", str(tmp_path))
    return open_services(AppSettings())


def test_an_older_answer_of_the_agent_does_not_take_a_new_clip_away(services, monkeypatch):
    answers = iter([["carphone"], ["carphone", "mine"]])

    def clips():
        answer = next(answers)
        if answer == ["carphone"]:  # on its way, while a page that has just uploaded a clip asks again
            assert services.clips(fresh=True) == (["carphone", "mine"], ["carphone"])
        return answer, ["carphone"]

    monkeypatch.setattr(services.agent, "clips", clips)
    assert services.clips() == (["carphone", "mine"], ["carphone"])
    assert services.clips() == (["carphone", "mine"], ["carphone"])


def test_the_clips_last_known_are_kept_while_the_agent_is_down(services, monkeypatch):
    monkeypatch.setattr(services.agent, "clips", lambda: (["carphone"], ["carphone"]))
    assert services.clips() == (["carphone"], ["carphone"])

    def down():
        raise AgentDown("It does not answer.")

    monkeypatch.setattr(services.agent, "clips", down)
    assert services.clips(fresh=True) == (["carphone"], ["carphone"])
