"""What can be taken away over HTTP: archives and comparisons as downloads, errors as sentences."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.agent_client import AgentDown, AgentError
from app.routes.exports import Exports
from app.server import middleware, routes
from app.settings import AppSettings
from gpu_agent.archive import open_archive
from gpu_agent.models import Status
from tests.app.pages.test_compare import CLIP, points
from tests.gpu_agent.archive.conftest import Home, put
from tests.gpu_agent.blindtests import blind_test, stimulus
from tests.gpu_agent.factory import experiment


class Agent:
    """Stands for the agent's client: with a picture, without, or away."""

    def __init__(self):
        self.asked, self.answer = [], b"\x89PNG"

    def clips(self):
        raise AgentDown("away")

    def artifact(self, path, timeout):
        self.asked.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def agent():
    return Agent()


@pytest.fixture
def client(home, agent, monkeypatch, tmp_path):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    own = routes({}, SimpleNamespace(artifact=None, agent=None), Exports(home.store, home.artifacts, home.blind, agent))
    app = Starlette(
        routes=[r for r in own if "export" in r.path or "comparison" in r.path], middleware=middleware(AppSettings())
    )
    return TestClient(app, base_url="http://localhost")


def test_an_experiment_as_an_archive_that_can_be_opened(client, home, tmp_path):
    record = put(home)
    home.blind.create(blind_test(stimulus(record.id), answers="a", closed_at="2026-02-01T00:00:00Z"))
    answer = client.get(f"/export/{record.id}.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert "attachment" in answer.headers["content-disposition"]
    (tmp_path / "a.zip").write_bytes(answer.content)
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.record.id == record.id
        assert [t.experiments[0] for t in archive.blind] == [record.id]
    assert client.get(f"/export/{record.id}.zip").content == answer.content
    assert list((tmp_path / "tmp").iterdir()) == [], "the temporary file is gone once it was sent"


def test_what_is_not_there_or_has_not_ended_is_a_sentence(client, home):
    queued = experiment()
    home.store.create(queued)
    assert client.get(f"/export/{queued.id}.zip").status_code == 409
    missing = client.get("/export/nobody-knows.zip")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def compared(home) -> str:
    records = [
        experiment(title=t, status=Status.SUCCEEDED, clips=[CLIP], results=points(f))
        for t, f in (("A", 1.0), ("B", 2.0))
    ]
    for record in records:
        home.store.create(record)
    return ",".join(r.id for r in records)


def test_a_comparison_in_each_form_is_a_download(client, home, agent):
    text = compared(home)
    answers = {
        kind: client.get("/comparison/report." + kind, params={"with": text}) for kind in ("html", "csv", "json")
    }
    assert [a.status_code for a in answers.values()] == [200, 200, 200]
    assert all("attachment" in a.headers["content-disposition"] for a in answers.values())
    assert "data:image/png;base64" in answers["html"].text
    assert len(answers["csv"].text.splitlines()) == 9
    assert len(json.loads(answers["json"].text)["points"]) == 8
    assert len(agent.asked) == 3


def test_a_report_tells_the_closed_blind_tests_of_the_compared_alone(client, home):
    text = compared(home)
    one, two = (stimulus(key, label=f"Point of {key}") for key in text.split(","))
    closed = {"closed_at": "2026-02-01T00:00:00Z"}
    for own, answers, more in (
        ((one, two), "aaab", closed),
        ((one, two), "a", {}),
        ((one, stimulus("other-1")), "aa", closed),
    ):
        home.blind.create(blind_test(*own, answers, **more))
    answer = client.get("/comparison/report.html", params={"with": text})
    assert "3 of 4 answers correct" in answer.text
    assert answer.text.count("answers correct") == 1
    assert "1 answer" not in answer.text


@pytest.mark.parametrize(
    ("error", "asked"),
    [(AgentDown("away"), 1), (AgentError("busy", "busy", 503), 1), (AgentError("no", "not_found", 404), 3)],
)
def test_a_report_is_whole_without_frames_and_an_agent_that_cannot_is_asked_once(client, home, agent, error, asked):
    agent.answer = error
    answer = client.get("/comparison/report.html", params={"with": compared(home)})
    assert answer.status_code == 200
    assert "could not be had" in answer.text
    assert len(agent.asked) == asked


def test_nothing_to_compare_and_another_kind(client):
    assert client.get("/comparison/report.html").status_code == 404
    assert client.get("/comparison/report.html", params={"with": "gone"}).status_code == 404
    assert client.get("/comparison/report.exe", params={"with": "gone"}).status_code == 404
