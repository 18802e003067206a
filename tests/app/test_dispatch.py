"""Dispatch with and without an agent: whatever is lost on the way, one click is one experiment."""

from __future__ import annotations

import pytest

from app.agent_client import AgentClient, AgentDown, AgentError
from app.dispatch import WAITING, cancel, dispatch, dispatch_rerun
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import ExperimentRequest, Origin, Status
from gpu_agent.store import Query
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment
from tests.gpu_agent.live import client_of, finished, live_agent, tiny_clip, upload

DOWN = AgentClient("http://127.0.0.1:9", lambda: "t")
REQUEST = ExperimentRequest(code=EXAMPLE, clips=["tiny", "tiny"], rates=[4], origin=Origin(kind="person", note="n"))


class Deaf(AgentClient):
    """The agent does what it is asked; its answer is lost."""

    def create(self, request):
        super().create(request)
        raise AgentDown("The answer was lost.")

    def rerun(self, experiment_id, new_id=None):
        super().rerun(experiment_id, new_id)
        raise AgentDown("The answer was lost.")


@pytest.fixture
def store(tmp_path):
    return LocalExperiments(tmp_path / "data" / "lab.db")


def everything(store):
    return store.page(Query(archived=None)).items


def test_with_the_agent_down_it_is_queued_and_says_so(store):
    done = dispatch(DOWN, store, REQUEST, "carphone")
    assert done.note == WAITING
    kept = store.get(done.experiment.id)
    assert kept == done.experiment
    assert (kept.status, [c.name for c in kept.clips], kept.rates, kept.origin.note) == (
        Status.QUEUED,
        ["tiny"],
        [4],
        "n",
    )
    assert [v.message for v in store.events(kept.id)] == ["queued"]


def test_without_a_clip_named_the_default_is_taken(store):
    done = dispatch(DOWN, store, ExperimentRequest(code=EXAMPLE), "carphone")
    assert [c.name for c in done.experiment.clips] == ["carphone"]
    assert done.experiment.progress.points == 4


def test_a_rerun_with_the_agent_down_is_the_same_experiment_queued(store):
    original = experiment()
    store.create(original)
    again = dispatch_rerun(DOWN, store, original)
    assert again.note == WAITING
    assert (again.experiment.rerun_of, again.experiment.clips) == (original.id, original.clips)
    assert store.waiting() == [original.id, again.experiment.id]


def test_a_cancel_with_the_agent_down_is_kept(store):
    waits, runs = experiment(), experiment()
    for e in (waits, runs):
        store.create(e)
    store.claim(runs.id, "dead", 60)
    for e in (waits, runs):
        cancel(DOWN, store, e.id)
        cancel(DOWN, store, e.id)
    assert store.get(waits.id).status is Status.CANCELLED
    assert [v.message for v in store.events(waits.id)] == ["cancelled"]
    assert (store.get(runs.id).status, store.get(runs.id).cancel_requested) == (Status.RUNNING, True)
    cancel(DOWN, store, "no-such-id")


def test_an_answer_that_is_lost_does_not_double_the_experiment(tmp_path, store):
    with live_agent(tmp_path / "data", jail=False) as agent:
        upload(client_of(agent), tiny_clip(tmp_path))
        deaf = Deaf(agent.url, lambda: agent.token)
        first = dispatch(deaf, store, REQUEST, "carphone")
        again = dispatch_rerun(deaf, store, first.experiment)
        assert [e.id for e in everything(store)] == [again.experiment.id, first.experiment.id]
        assert first.experiment.clips[0].sha256, "the agent's own record is the one that is shown"
        for done in (first, again):
            assert [v.message for v in store.events(done.experiment.id)] == ["queued"]
        assert dispatch(client_of(agent), store, REQUEST, "carphone").note is None
        cancel(client_of(agent), store, first.experiment.id)
        assert store.get(first.experiment.id).status is Status.CANCELLED
        with pytest.raises(AgentError, match="no clip named 'nothing'"):
            dispatch(client_of(agent), store, REQUEST.model_copy(update={"clips": ["nothing"]}), "carphone")
        assert len(everything(store)) == 3


@pytest.mark.jail
def test_what_was_queued_without_an_agent_runs_when_it_starts(tmp_path, store):
    with live_agent(tmp_path / "data", jail=False) as agent:
        upload(client_of(agent), tiny_clip(tmp_path))
    first = dispatch(DOWN, store, REQUEST, "carphone").experiment
    again = dispatch_rerun(DOWN, store, first).experiment
    unknown = dispatch(DOWN, store, REQUEST.model_copy(update={"clips": ["nothing"]}), "carphone").experiment
    with live_agent(tmp_path / "data") as agent:
        if not agent.tools.jail.status().available:
            pytest.skip("the jail cannot run here")
        client = client_of(agent)
        assert finished(client, first.id).status is Status.SUCCEEDED
        assert finished(client, again.id).summary.reproduction.same is True
        failed = finished(client, unknown.id)
        assert failed.status is Status.FAILED
        assert "no clip named 'nothing'" in failed.error.message
