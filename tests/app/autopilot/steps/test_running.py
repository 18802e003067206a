"""From a reply to a record: stages, budget, a person's click, an agent that is down or refuses."""

from __future__ import annotations

from app.agent_client import AgentError
from gpu_agent.models import Status
from gpu_agent.store import Query
from tests.app.autopilot.codecs import padded, reply


def test_experiments_know_their_parents_their_model_and_their_attempt(bench):
    bench.start(padded(40), experiments=3)
    bench.answer(reply(padded(30), "Less padding.\n\nExpected: -10 % bits, because the padding goes."))
    start, child = bench.until()
    record = bench.store.get(child.experiments["full"])
    assert record.parent_id == start.experiments["full"]
    assert (record.origin.kind, record.origin.model) == ("autopilot", "claude-opus-5-5")
    assert record.origin.note == f"{bench.run.id}/2"
    assert record.hypothesis.bd_rate == -10
    assert record.code_sha256 == child.code_sha256
    assert record.code == child.code == padded(30)
    assert child.agent_seconds == 3.0


def test_experiments_never_pass_their_budget_and_the_champion_keeps_its_validation(bench):
    bench.start(padded(40), experiments=6, validation_clips=["unseen"])
    bench.answer(*(padded(30 - n) for n in range(9)))
    attempts = bench.until()
    assert "The budget of 6 experiments is used up" in bench.now.reason
    records = bench.store.page(Query(50)).items
    assert len(records) == sum(len(a.experiments) for a in attempts) <= 6
    best = next(a for a in attempts if a.number == bench.now.champion)
    assert best.validation_score is not None


def test_an_agent_that_is_down_finds_the_experiment_when_it_is_back(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.down = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    (waiting,) = bench.store.page(Query(5)).items
    assert waiting.status is Status.QUEUED
    bench.agent.down = False
    e = bench.store.get(waiting.id)
    assert e.id == bench.attempts[0].experiments["full"]


def test_an_agent_that_refuses_holds_the_run_with_its_sentence(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.refuses = AgentError("There is no clip tiny.", "invalid_request", 400)
    bench.until(lambda run: run.state == "paused")
    assert "There is no clip tiny." in bench.now.reason
    bench.agent.refuses = None
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[0].verdict == "measured"


def test_a_full_queue_is_waited_for(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.refuses = AgentError("5000 experiments wait already.", "queue_full", 429)
    for _ in range(4):
        bench.step()
    assert bench.now.state == "running"
    bench.agent.refuses = None
    assert bench.until()[0].verdict == "measured"


def test_a_candidate_waits_for_the_click_where_that_is_asked(bench):
    bench.start(padded(40), experiments=3, gate=True, repairs=0)
    bench.answer(padded(30), padded(20))
    bench.until(lambda run: len(bench.attempts) == 2 and bench.attempts[1].phase == "approval")
    bench.step()
    assert bench.attempts[1].experiments == {}
    bench.ledger.say(bench.run.id, "reject", "too slow", attempt=2)
    bench.until(lambda run: len(bench.attempts) == 3 and bench.attempts[2].phase == "approval")
    assert bench.attempts[1].said == "Rejected by a person: too slow."
    bench.ledger.say(bench.run.id, "approve", attempt=3)
    attempts = bench.until()
    assert [a.verdict for a in attempts] == ["measured", "rejected", "measured"]


def test_an_experiment_that_the_agent_lost_holds_the_run(bench):
    bench.start(padded(40), experiments=5)
    bench.answer(padded(30).replace("import zlib", "import zlib\n# gone()"), padded(20))
    bench.until(lambda run: run.state == "paused")
    assert "The agent lost the experiment of attempt 2" in bench.now.reason
    assert len(bench.stub.requests) == 1
    bench.ledger.wish(bench.run.id, "run")
    bench.until()
    assert bench.attempts[2].kind == "improve"


def test_a_new_process_finds_its_experiments_again(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.hold = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    wanted = bench.attempts[0].experiments["full"]
    bench.again()
    bench.step()
    bench.agent.finish(wanted)
    (only,) = bench.until()
    assert (only.experiments["full"], only.verdict) == (wanted, "measured")
    assert len(bench.store.page(Query(9)).items) == 1


def test_an_experiment_that_was_written_down_and_never_dispatched_is_dispatched(bench):
    bench.start(padded(40), experiments=1)
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "reply")
    attempt = bench.attempts[0]
    attempt.phase, attempt.stage, attempt.experiments = "running", "full", {"full": "261125-120000-abcdef01"}
    bench.ledger.put(attempt)
    bench.again()
    (only,) = bench.until()
    assert only.verdict == "measured"
    assert bench.store.get("261125-120000-abcdef01").status is Status.SUCCEEDED
