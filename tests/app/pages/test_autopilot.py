"""The autopilot's page without service, agent and key: what it says, what it writes, and a run with everything in it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.autopilot.models import BudgetSettings, RunSettings, Start, Tokens
from app.panels.autopilot_runs import unlike
from tests.app.autopilot.codecs import padded
from tests.app.autopilot.made import asked, attempt


def button(test, label: str):
    return next(b for b in test.button if b.label == label)


def said(test) -> str:
    parts = [*test.markdown, *test.caption, *test.info, *test.warning, *test.success, *test.error, *test.subheader]
    return "\n".join(str(p.value) for p in parts).replace("\\", "")


@pytest.fixture
def run(services):
    settings = RunSettings(
        goal="Fewer *bits*.", search_clips=["carphone"], validation_clips=["bikes"], budget=BudgetSettings(dollars=Decimal(5)),
        starts=[Start(name="Starter", code=padded(9))],
    )  # fmt: skip
    return services.ledger.start(settings)


def fill(services, run, state: str = "running", **changes) -> None:
    """Attempts of every kind."""
    add = lambda a: services.ledger.put(a.model_copy(update={"run_id": run.id}))
    add(attempt(1, 50.0, kind="start", code=padded(9), decode_ms=4.0, cell="high rate · DCT", validation_score=60.0))
    add(asked(2, "0.25", score=20.0, verdict="measured", parents=[1], decode_ms=8.0, code=padded(5), prompt="Improve it.",
              reply="Less padding.", tokens=Tokens(input=10, output=20), validation_score=61.0))  # fmt: skip
    add(asked(3, "0.25", verdict="broken_reply", parents=[2], said="This reply has no codec.", prompt="p", reply="No."))
    add(
        asked(4, None, "lost", verdict="lost", parents=[2], at_most=Decimal("0.5"), reserved=Decimal("0.5"), title=None)
    )
    add(
        asked(
            5,
            "0.1",
            score=-70.0,
            verdict="measured",
            parents=[2],
            barred="Uses library codec: cv2.imencode.",
            decode_ms=2.0,
        )
    )
    run.state, run.champion = state, 2
    services.ledger.save(run.model_copy(update=changes))


def test_an_empty_page_teaches_and_offers_a_run(open_page, services):
    test = open_page("autopilot")
    assert "choose a parent, ask Claude, check the reply" in said(test)
    assert "No run yet." in said(test)
    assert "Claude needs an API key" in said(test)
    assert "about $" in said(test)
    assert test.text_area[0].value.startswith("Fewer bits at equal PSNR")


def test_start_writes_the_run_and_opens_it(open_page, services):
    test = open_page("autopilot")
    button(test, "Start").click().run()
    (made,) = services.ledger.runs()
    assert made.settings.starts[0].name == "Motion-compensated DCT"
    assert made.settings.budget == BudgetSettings(dollars=Decimal("5.00"))
    assert test.query_params["run"] == made.id
    assert "It waits for the autopilot's service" in said(test)
    assert "The autopilot's service does not run" in said(test)


def test_a_run_without_an_end_or_a_price_is_not_started(open_page, services):
    test = open_page("autopilot")
    dollars = next(n for n in test.number_input if n.label == "Dollars")
    dollars.set_value(0.0).run()
    assert button(test, "Start").disabled
    assert "Set at least one of dollars, experiments and hours" in said(test)
    dollars.set_value(5.0).run()
    assert not button(test, "Start").disabled


def test_everything_about_a_run_is_there(open_page, services, run):
    fill(services, run)
    services.ledger.say(run.id, "steer", "Try a [wavelet](x).")
    test = open_page("autopilot", run=run.id)
    text = said(test)
    for part in (
        "Champion: attempt 2", "it gains only on what Claude has seen", "Attempt 5 measured", "Uses library codec",
        "Try a [wavelet](x).", "waits for the next question", "Fewer *bits*.",
    ):  # fmt: skip
        assert part in text, part
    metrics = {m.label: (m.value, m.delta) for m in test.metric}
    assert metrics["Spent"][0].replace("\\", "") == "$0.6000"
    assert "At most $0.5000 more for 1 request whose bill is not known." in text
    assert len(test.get("plotly_chart")) == 3
    ledger = test.dataframe[-1].value
    assert list(ledger["number"]) == [5, 4, 3, 2, 1]
    assert list(ledger["verdict"]) == ["measured", "answer lost", "broken reply", "measured", "measured"]


def test_pause_resume_stop_and_steer_are_wishes(open_page, services, run):
    fill(services, run)
    test = open_page("autopilot", run=run.id)
    button(test, "Pause").click().run()
    assert services.ledger.run(run.id).wish == "pause"
    button(test, "Resume").click().run()
    assert services.ledger.run(run.id).wish == "run"
    next(t for t in test.text_input if t.label == "Steer").set_value("Go slower.")
    button(test, "Send").click().run()
    assert [w.text for w in services.ledger.words(run.id)] == ["Go slower."]
    button(test, "Stop").click().run()
    assert services.ledger.run(run.id).wish == "stop"
    assert button(test, "Stopping").disabled


def test_a_candidate_is_shown_as_a_diff_and_approved(open_page, services, run):
    fill(services, run)
    services.ledger.put(attempt(6, run_id=run.id, phase="approval", parents=[2], code=padded(3), title="Less again"))
    test = open_page("autopilot", run=run.id)
    assert "Attempt 6 waits for your approval: Less again" in said(test)
    assert "+        yield bytes([rate]) + zlib.compress(levels.tobytes(), 9) + bytes(3)" in test.code[0].value
    button(test, "Approve").click().run()
    assert [(w.kind, w.attempt) for w in services.ledger.words(run.id)] == [("approve", 6)]
    assert "waits for your approval:" not in said(test)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_every_kind_of_attempt_can_be_looked_into(open_page, services, run, number):
    fill(services, run, state="ended", reason="Plateau.")
    test = open_page("autopilot", run=run.id, attempt=str(number))
    assert not test.exception
    assert f"Attempt {number}:" in said(test)
    assert len(test.tabs) == 3


def test_an_attempt_opens_in_the_lab(open_page, services, run):
    fill(services, run, state="ended")
    test = open_page("autopilot", run=run.id, attempt="2")
    button(test, "Open in lab").click().run()
    draft = services.drafts.latest()
    assert draft.text == padded(5)
    assert draft.form["clips"] == ["carphone"]


def test_a_run_that_is_not_there_is_told(open_page):
    assert "There is no such run here" in said(open_page("autopilot", run="nothing"))


def test_the_list_says_what_came_of_each_run(open_page, services, run):
    fill(services, run, state="ended", reason="The budget is used up.")
    rows = open_page("autopilot").dataframe[0].value
    assert list(rows["State"]) == ["✓ ended"]
    assert list(rows["BD-rate (%)"]) == [20.0]
    assert list(rows["Why"]) == ["The budget is used up."]


def test_the_same_run_again_with_another_strategy_is_a_new_run(open_page, services, run):
    fill(services, run, state="ended")
    test = open_page("autopilot", run=run.id)
    again = next(b for b in test.selectbox if b.label == "Strategy")
    again.set_value("best_of").run()
    button(test, "Start").click().run()
    made = services.ledger.runs()[0]
    assert made.settings == run.settings.model_copy(update={"strategy": "best_of"})
    assert test.query_params["run"] == made.id


def test_runs_that_differ_in_more_than_their_strategy_are_no_fair_contest(run):
    other = run.model_copy(update={"settings": run.settings.model_copy(update={"strategy": "chain", "seed": 5})})
    assert unlike([run, other]) == []
    other.settings.frames = 9
    assert "differ in frames" in unlike([run, other])[0]
