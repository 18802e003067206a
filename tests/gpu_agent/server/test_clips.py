"""Clips over HTTP: the catalogue, and uploads that are good, garbage, cut or too large."""

import hashlib

import av
import pytest

from app.agent_client import AgentError
from gpu_agent.clips import JailedReading
from tests.gpu_agent.live import NO_JAIL, Wire, ask, client_of, live_agent, tiny_clip


@pytest.fixture
def body(tmp_path):
    return tiny_clip(tmp_path, "another", seed=5).read_bytes()


def uploads(agent) -> list[str]:
    return sorted(path.name for path in agent.tools.catalogue.uploads_folder.iterdir())


def test_the_catalogue_names_every_clip_and_the_default(idle):
    clips, default = client_of(idle).clips()
    names = [clip.name for clip in clips]
    assert {"tiny", *default} <= set(names)
    assert all(len(clip.sha256) == 64 and clip.frames > 0 for clip in clips)


def test_an_upload_is_probed_and_kept(idle, body):
    answer = ask(idle, "POST", "/clips?name=My%20film.y4m", body)
    assert answer.status == 201
    assert (answer.json["name"], answer.json["frames"], answer.json["width"]) == ("my-film", 8, 32)
    assert ask(idle, "POST", "/clips?name=My%20film.y4m", body).json == answer.json, "the same again is the same clip"


@pytest.mark.parametrize("name", ["../../etc/passwd.y4m", "..%2f..%2fx.y4m", "%00.y4m", "a" * 3000, "CON", "/"])
def test_no_name_leads_out_of_the_folder(idle, body, name):
    before = set(idle.settings.root.rglob("*"))
    answer = ask(idle, "POST", f"/clips?name={name}", body)
    assert answer.status in (201, 400)
    for path in set(idle.settings.root.rglob("*")) - before:
        assert path.parent in (idle.tools.catalogue.uploads_folder, idle.tools.catalogue.facts_folder)


@pytest.mark.parametrize("sent", [b"no video at all" * 100, b"YUV4MPEG2 W32 H32 F25:1\n", b"\0" * 5000])
def test_garbage_is_refused_and_not_kept(idle, sent):
    before = uploads(idle)
    with Wire(idle) as wire:
        answer = wire.ask("POST", "/clips?name=x.y4m", sent)
        assert (answer.status, answer.error) == (400, "invalid_clip")
        assert wire.ask("GET", "/health").status == 200
    assert uploads(idle) == before


@pytest.mark.parametrize("path", ["/clips", "/clips?name="])
def test_a_nameless_upload_is_told_how(idle, body, path):
    answer = ask(idle, "POST", path, body)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert "name=" in answer.json["error"]["message"]


def test_an_empty_upload(idle):
    assert ask(idle, "POST", "/clips?name=x.y4m").error == "invalid_clip"


def test_a_half_sent_upload_leaves_nothing(idle, body):
    before = uploads(idle)
    with Wire(idle) as wire:
        wire.send("POST", "/clips?name=half.y4m", body[:1000], Content_Length=str(len(body)))
        wire.socket.shutdown(1)
        answer = wire.answer()
        assert (answer.status, answer.error) == (400, "invalid_clip")
        assert f"1000 of {len(body)}" in answer.json["error"]["message"]
    assert uploads(idle) == before


@pytest.mark.jail
def test_the_agents_own_process_opens_no_upload(agent, body, monkeypatch):
    """The real agent with its real jail: taken, its planes made, and garbage refused, without a decoder in the agent."""
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened in the agent's own process"))
    answer = ask(agent, "POST", "/clips?name=jailed.y4m", body)
    assert (answer.status, answer.json["frames"], answer.json["width"]) == (201, 8, 32)
    clip = agent.tools.catalogue.get("jailed")
    data = agent.tools.catalogue.planes(clip).read_bytes()
    assert hashlib.sha256(data + b"\n32x32 25/1\n").hexdigest() == answer.json["sha256"]
    answer = ask(agent, "POST", "/clips?name=x.mp4", b"no video at all" * 100)
    assert (answer.status, answer.error) == (400, "invalid_clip")
    assert "not a video the lab can read" in answer.json["error"]["message"]


def test_without_a_jail_an_upload_is_refused_before_it_is_taken_in(tmp_path, body):
    with live_agent(tmp_path / "data", jail=False) as agent:
        agent.tools.catalogue.reading = JailedReading(agent.tools.jail)
        with Wire(agent) as wire:
            wire.send("POST", "/clips?name=a.y4m", body[:100], Content_Length=str(4 * 10**9))
            answer = wire.answer()
        assert (answer.status, answer.error) == (503, "sandbox_unavailable")
        assert "in the lab's jail alone" in answer.json["error"]["message"]
        assert NO_JAIL.message in answer.json["error"]["message"]
        assert not agent.tools.catalogue.uploads_folder.exists()
        assert ask(agent, "GET", "/clips").status == 200


def test_an_agent_is_made_with_the_jail_as_its_only_way_to_read(tmp_path):
    with live_agent(tmp_path / "data") as agent:
        reading = agent.tools.catalogue.reading
        assert type(reading) is JailedReading
        assert reading._jail is agent.tools.jail


def test_too_large_an_upload_is_refused_before_it_is_sent(idle):
    with Wire(idle) as wire:
        wire.send("POST", "/clips?name=huge.y4m", b"x", Content_Length=str(9 * 10**9))
        answer = wire.answer()
        assert (answer.status, answer.error) == (400, "invalid_clip")
        assert "limited to 8 GB" in answer.json["error"]["message"]


def test_the_client_hears_why_although_it_was_still_sending(idle, monkeypatch):
    monkeypatch.setattr(idle.tools.catalogue, "settings", idle.settings.model_copy(update={"upload_max_gb": 0.001}))
    pieces = (b"x" * 65_536 for _ in range(100))
    with pytest.raises(AgentError, match=r"limited to 0\.001 GB"):
        client_of(idle).upload("big.y4m", pieces, 100 * 65_536)
