"""The ledger: what is written is read, by every process, and nothing is lost."""

from decimal import Decimal

import pytest

from app.autopilot.ledger import Ledger
from app.autopilot.models import Tokens

from .made import asked, attempt, run


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "autopilot.db")


def test_an_attempt_is_read_as_it_was_written_money_to_the_last_digit(ledger):
    made = asked(
        1, "0.123456789", at_most=Decimal("1.000000001"), prompt="p", reply="r", code="c", tokens=Tokens(input=3, output=5),
        experiments={"full": "x"}, steers=[4],
    )  # fmt: skip
    ledger.put(made)
    again = Ledger(ledger._path)
    assert again.attempts("run") == [made]
    assert again.attempt("run", 1) == made
    assert again.attempts("run", texts=False)[0] == made.model_copy(update={"prompt": "", "reply": "", "code": ""})
    made.verdict = "failed"
    ledger.put(made)
    assert [a.verdict for a in again.attempts("run")] == ["failed"]


def test_pages_wish_and_the_service_writes_and_neither_undoes_the_other(ledger):
    started = ledger.start(run().settings)
    ledger.wish(started.id, "pause")
    started.state = "running"
    ledger.save(started)
    assert (ledger.run(started.id).wish, ledger.run(started.id).state) == ("pause", "running")
    ledger.wish(started.id, "stop")
    ledger.wish(started.id, "run")
    assert ledger.run(started.id).wish == "stop"


def test_runs_under_way_are_those_that_have_not_ended(ledger):
    first, second = ledger.start(run().settings, "One"), ledger.start(run().settings)
    assert [r.title for r in ledger.under_way()] == ["One", "Fewer bits."]
    first.state = "ended"
    ledger.save(first)
    assert [r.id for r in ledger.under_way()] == [second.id]
    assert [r.id for r in ledger.runs()] == [second.id, first.id]
    assert ledger.run("none") is None


def test_words_stay_in_order(ledger):
    ledger.say("run", "steer", "one")
    ledger.say("run", "reject", "two", 3)
    assert [(w.kind, w.text, w.attempt) for w in ledger.words("run")] == [("steer", "one", None), ("reject", "two", 3)]
    assert ledger.words("unseen") == []


def test_lengths_of_replies_are_of_that_model_and_of_whole_replies_alone(ledger):
    ledger.put(asked(1, "1", tokens=Tokens(output=100)))
    ledger.put(asked(2, "1", "open", tokens=Tokens(output=7)))
    ledger.put(asked(3, "1", tokens=Tokens(output=300)))
    ledger.put(attempt(4))
    assert sorted(ledger.reply_lengths("claude-opus-5-5")) == [100, 300]
    assert ledger.reply_lengths("another") == []


def test_the_pulse(ledger):
    assert ledger.pulse() is None
    ledger.beat("idle")
    ledger.beat("2 under way")
    assert ledger.pulse().said == "2 under way"
