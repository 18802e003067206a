"""The calls on experiments, over HTTP, on an agent where everything waits."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.agent_client import AgentError
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import ExperimentRequest, Origin, Status
from gpu_agent.server import routes
from gpu_agent.store import Query
from tests.gpu_agent.factory import experiment, row
from tests.gpu_agent.live import ask, client_of, live_agent, start


@pytest.fixture
def client(idle):
    return client_of(idle)


def test_a_new_experiment_is_frozen_and_waits(idle, client):
    request = ExperimentRequest(
        code=EXAMPLE, title=" Mine ", clips=["tiny", "tiny"], rates=[4, 2.5, 4.0], frames=3,
        origin=Origin(kind="claude", prompt="p", model="m"),
    )  # fmt: skip
    answer = ask(idle, "POST", "/experiments", request.model_dump_json().encode())
    assert answer.status == 202
    e = client.get(answer.json["id"])
    assert (e.status, e.title, e.code) == (Status.QUEUED, "Mine", EXAMPLE)
    assert e.rates == [4, 2.5], "each rate once"
    assert [(c.name, c.frames, c.width) for c in e.clips] == [("tiny", 3, 32)]
    assert e.clips[0].sha256 == idle.tools.catalogue.get("tiny").sha256
    assert (e.origin.prompt, e.origin.model, e.progress.points) == ("p", "m", 2)
    assert [v.message for v in client.events(e.id).events] == ["queued"]


def test_what_is_not_said_comes_from_the_codec_and_the_catalogue(idle, client):
    e = client.create(ExperimentRequest(code=EXAMPLE))
    assert e.rates == [2, 4, 8, 16]
    assert [c.name for c in e.clips] == idle.tools.catalogue.default_names()
    assert e.title == "Difference to the previous frame, quantised and deflated"


def test_an_unknown_clip_or_parent_is_a_sentence(client):
    with pytest.raises(AgentError, match=r"no clip named 'tyni'.*tiny") as e:
        start(client, clips=["tyni"])
    assert (e.value.status, e.value.code) == (400, "invalid_clip")
    with pytest.raises(AgentError, match="no experiment nobody"):
        start(client, parent_id="nobody")


def test_the_same_id_is_the_same_experiment_from_many_at_once(idle, client):
    before = idle.store.queue_depth()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: start(client, id="same-id-again", title=f"try {n}"), range(8)))
    assert len({e.title for e in made}) == 1
    assert idle.store.queue_depth() == before + 1
    assert len(client.events("same-id-again").events) == 1
    assert start(client, id="same-id-again", title="later").title == made[0].title


def test_a_rerun_is_frozen_from_its_original_and_idempotent_too(client):
    original = start(client, rates=[2, 4], frames=2, parent_id=start(client).id)
    again = client.rerun(original.id, "the-rerun-1")
    assert (again.rerun_of, again.origin.kind, again.parent_id) == (original.id, "rerun", original.parent_id)
    for field in ("code", "code_sha256", "clips", "rates", "frames", "limits", "decoder_bytes", "title"):
        assert getattr(again, field) == getattr(original, field)
    assert client.rerun(original.id, "the-rerun-1").created_at == again.created_at
    assert client.rerun(original.id).id != again.id
    with pytest.raises(AgentError, match="no experiment nobody"):
        client.rerun("nobody")


def test_a_cancelled_one_leaves_the_queue_once(client):
    e = start(client)
    assert client.cancel(e.id).status is Status.CANCELLED
    assert client.cancel(e.id).status is Status.CANCELLED
    assert [v.message for v in client.events(e.id).events] == ["queued", "cancelled"]
    with pytest.raises(AgentError, match="no experiment nobody"):
        client.cancel("nobody")


def test_a_long_poll_wakes_on_the_event_it_waits_for(idle, client, monkeypatch):
    monkeypatch.setattr(routes, "MAX_WAIT", 3600.0)
    monkeypatch.setattr(routes, "POLL", 3600.0)  # only a wake-up can end it in time
    e = start(client)
    after = client.events(e.id).events[-1].seq
    seen = []
    poll = threading.Thread(target=lambda: seen.append(client.events(e.id, after, wait=3600)), daemon=True)
    poll.start()
    client.cancel(e.id)
    poll.join(30)
    assert [v.message for v in seen[0].events] == ["cancelled"]
    assert seen[0].status is Status.CANCELLED


def test_the_status_is_never_older_than_the_events_it_comes_with(idle, client, monkeypatch):
    """It is cancelled between the poll's two readings."""
    e = start(client)
    after, read, done = client.events(e.id).events[-1].seq, idle.store.get, []

    def get(experiment_id):
        record = read(experiment_id)
        if not done:
            done.append(True)
            client.cancel(e.id)
        return record

    monkeypatch.setattr(idle.store, "get", get)
    seen = client.events(e.id, after, wait=30)
    assert ([v.message for v in seen.events], seen.status) == (["cancelled"], Status.CANCELLED)


def test_a_poll_that_has_nothing_to_wait_for_answers(client):
    e = start(client)
    client.cancel(e.id)
    assert client.events(e.id, 99, wait=30).events == []
    assert client.events(start(client).id, 99, wait=0).status is Status.QUEUED


@pytest.mark.parametrize("query", ["after=x", "wait=soon", "after=1.5"])
def test_a_poll_that_asks_nonsense(idle, client, query):
    answer = ask(idle, "GET", f"/experiments/{start(client).id}/events?{query}")
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("query", ["after=-5", f"after={10**30}", "wait=-1", "wait=nan"])
def test_a_poll_that_asks_for_odd_numbers_is_answered(idle, client, query):
    assert ask(idle, "GET", f"/experiments/{start(client).id}/events?{query}").status == 200


@pytest.mark.parametrize("query", ["limit=x", "status=done", "archived=maybe"])
def test_a_listing_that_asks_nonsense(idle, query):
    answer = ask(idle, "GET", f"/experiments?{query}")
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-3", "limit=99999", "before=nonsense", "text=%25_%00'\"", "before="]
)
def test_a_listing_that_asks_for_odd_things_is_bounded(idle, query):
    assert len(ask(idle, "GET", f"/experiments?{query}").json["experiments"]) <= 200


@pytest.fixture
def many(tmp_path):
    """5,000 waiting experiments, written at one go."""
    with live_agent(tmp_path, jail=False, max_queue=5000) as agent:
        e = experiment()
        agent.store.create(e.model_copy(update={"id": "number-00000", "created_at": "2026-01-01T00:00:00.000000Z"}))
        with sqlite3.connect(agent.settings.database) as db:
            db.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)"
                " INSERT INTO experiments (id, created_at, status, parent_id, clips, title, notes, progress, record)"
                " SELECT printf('number-%05d', i), printf('2026-01-01T00:00:00.%06dZ', i), status, parent_id, clips,"
                " title, notes, progress, json_set(record, '$.id', printf('number-%05d', i), '$.created_at',"
                " printf('2026-01-01T00:00:00.%06dZ', i)) FROM experiments, n"
            )
        yield agent


def test_thousands_wait_and_each_knows_its_place(many):
    client = client_of(many)
    assert client.health().queue_depth == 5000
    for place in (0, 1, 999, 1000, 4999):
        assert client.queue_position(f"number-{place:05d}") == place
    first, cursor = client.page(limit=200)
    second, _ = client.page(limit=200, before=cursor)
    assert [e.id for e in first + second] == [f"number-{4999 - i:05d}" for i in range(400)]
    with pytest.raises(AgentError, match="5000 experiments wait") as e:
        client.create(ExperimentRequest(code=EXAMPLE, clips=["carphone"]))
    assert (e.value.status, e.value.code) == (429, "queue_full")
    with pytest.raises(AgentError, match="5000 experiments wait"):
        client.rerun("number-00007")
    assert client.rerun("number-00007", "number-00008").id == "number-00008", "what is known is not new"
    client.cancel("number-00000")
    assert client.queue_position("number-00001") == 0


def test_a_place_and_a_page_are_found_by_index(many):
    """A sort or a scan over 5,000 records with their code would be felt at each poll."""
    with sqlite3.connect(many.settings.database) as db:
        seen = []
        connection = many.store.database.connection()
        connection.set_trace_callback(seen.append)
        many.store.ahead("number-04000")
        many.store.page(Query(limit=50))
        connection.set_trace_callback(None)
        plans = [" ".join(r[3] for r in db.execute("EXPLAIN QUERY PLAN " + sql)) for sql in seen]
    assert plans
    for plan in plans:
        assert "SCAN" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_an_unreadable_record_is_named_and_the_others_are_served(tmp_path):
    with live_agent(tmp_path, jail=False) as agent:
        client = client_of(agent)
        good, bad = experiment(), experiment(results=[row()])
        for e in (good, bad):
            agent.store.create(e)
        with sqlite3.connect(agent.settings.database) as db:
            db.execute("UPDATE experiments SET record = json_set(record, '$.of_tomorrow', 1) WHERE id = ?", (bad.id,))
        with pytest.raises(AgentError, match=bad.id) as e:
            client.get(bad.id)
        assert (e.value.status, e.value.code) == (503, "store_unavailable")
        assert client.get(good.id) == good


def test_no_number_that_json_has_not_gets_in(idle):
    body = json.dumps({"code": EXAMPLE, "clips": ["tiny"]})[:-1] + ', "rates": [1e999]}'
    assert ask(idle, "POST", "/experiments", body.encode()).status == 400
    assert ask(idle, "GET", "/experiments?limit=200").status == 200
