"""Cascade, champion, estimate, prompt, and the sentences of the page, each on its own."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.autopilot.cascade import MARGIN, Rival, dominated, needs_probe, request
from app.autopilot.champion import against, audited, barred, generalisation, pick
from app.autopilot.estimate import ASSUMED_REPLY, estimate
from app.autopilot.lineage import parent_experiment, wants_repair
from app.autopilot.models import RunSettings, Start
from app.autopilot.progress import best_so_far, money, nodes, row, sentence, spent
from app.autopilot.prompting import question
from app.claude.models import PRICES
from app.evidence import Evidence
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import Audit, Badge, Status
from tests.gpu_agent.factory import experiment
from tests.gpu_agent.factory import row as result

from .made import AT, asked, attempt, run

CURVE = [
    result("tiny", r, kbps=k, psnr_yuv=q, decode_fps=50.0)
    for r, k, q in ((2, 400, 45), (4, 200, 40), (8, 100, 35), (16, 50, 30))
]
RIVAL = Rival(3, CURVE)


def probe(**changes):
    return result("tiny", 4, **{"kbps": 200.0, "psnr_yuv": 40.0, "decode_fps": 50.0} | changes)


# Cascade ---------------------------------------------------------------------------------------------------------------


def test_far_more_bits_at_the_same_quality_and_no_faster_is_given_up():
    said = dominated(probe(kbps=200 * (1 + MARGIN) * 1.01), [RIVAL])
    assert "attempt 3" in said
    assert "52" in said
    assert dominated(probe(kbps=200 * (1 + MARGIN) * 0.99), [RIVAL]) is None


@pytest.mark.parametrize(
    "changes",
    [{"decode_fps": 63.0}, {"psnr_yuv": 46.0}, {"psnr_yuv": 29.0}, {"clip": "unseen"}],
    ids=["faster", "beyond its quality", "below its quality", "another clip"],
)
def test_what_cannot_be_said_to_be_worse_is_run_further(changes):
    assert dominated(probe(kbps=900.0).model_copy(update=changes), [RIVAL]) is None


def test_a_curve_that_is_none_judges_nobody():
    assert dominated(probe(kbps=9000.0), [Rival(1, CURVE[:2]), Rival(2, CURVE[::-1][:1])]) is None


def test_a_probe_needs_something_to_compare_with_and_room_for_the_full_run():
    candidate = attempt(2, code=EXAMPLE)
    assert needs_probe(run(), candidate, 1, None)
    assert needs_probe(run(), candidate, 1, 2)
    assert not needs_probe(run(), candidate, 1, 1)
    assert not needs_probe(run(), candidate, 0, None)
    assert not needs_probe(run(), attempt(1, kind="start", code=EXAMPLE), 1, None)
    assert not needs_probe(run(), attempt(2, code=EXAMPLE.replace("(2, 4, 8, 16)", "(4,)")), 1, None)


def test_each_stage_runs_on_its_own_clips():
    settings = {"search_clips": ["a", "b"], "validation_clips": ["c"], "frames": 9}
    candidate = attempt(2, code=EXAMPLE, experiments={s: f"{s}-id-of-2" for s in ("probe", "full", "validation")})
    asked_for = {s: request(run(**settings), candidate, s, None) for s in candidate.experiments}
    assert {s: (r.clips, r.rates) for s, r in asked_for.items()} == {
        "probe": (["a"], [8]),
        "full": (["a", "b"], None),
        "validation": (["c"], None),
    }
    assert {r.frames for r in asked_for.values()} == {9}


# Champion --------------------------------------------------------------------------------------------------------------


def test_the_lowest_figure_wins_and_of_equals_the_earliest():
    assert (
        pick([attempt(1, 3.0), attempt(2, -1.0), attempt(3, -1.0), attempt(4, -9.0, barred="x"), attempt(5)]).number
        == 2
    )
    assert pick([attempt(1, -5.0, verdict="dominated"), attempt(2)]) is None


def test_what_the_audit_holds_is_barred_and_an_open_audit_is_not_done():
    audit = lambda *badges, **more: Audit(at=AT, badges=list(badges), **more)
    good = Badge(name="deterministic", verdict="good", text="Fine.")
    note = Badge(name="code_size", verdict="note", text="Large tables.")
    library = Badge(name="library_codec", verdict="note", text="Uses library codec: cv2.imencode.")
    open_ = Badge(name="fresh_clip", verdict="unknown", text="A run came.", evidence={"retry": True})
    done = lambda **changes: experiment(status=Status.SUCCEEDED, **changes)
    assert barred(done()) is None
    assert barred(done(audit=audit(good, note))) is None
    assert barred(done(audit=audit(good, library))) == "Uses library codec: cv2.imencode."
    held = Badge(name="too_good", verdict="bad", text="Held for a look: 60 % fewer bits.")
    assert barred(done(audit=audit(held, held=True))) == "Held for a look: 60 % fewer bits."
    assert barred(done(audit=audit(held, held=True), released="I have looked.")) is None
    assert "without a jail" in barred(done(sandbox="unsafe"))
    assert not audited(None)
    assert not audited(audit(good, open_))
    assert audited(audit(good, note))


def test_gains_are_told_against_the_first_that_has_both_figures():
    attempts = [attempt(1, 100.0, validation_score=200.0), attempt(2, 50.0, validation_score=170.0)]
    held = generalisation(attempts[1], attempts)
    assert held.gap == pytest.approx(15.0)
    assert not held.flagged
    assert (
        "Against attempt 1 that is −25\u202f% bits on search clips and −10\u202f% on validation clips." in held.sentence
    )
    assert generalisation(attempts[1].model_copy(update={"validation_score": 200.0}), attempts).flagged
    assert generalisation(attempts[0], attempts).gap is None
    assert "Not measured on validation clips" in generalisation(attempt(3, 1.0), attempts).sentence


def test_bits_against_another_candidate():
    assert against(50.0, 100.0) == pytest.approx(-25.0)
    assert against(None, 1.0) is None
    assert against(1.0, -100.0) is None


# Lineage ---------------------------------------------------------------------------------------------------------------


def test_an_experiments_parent_is_the_nearest_ancestor_that_was_run():
    made = run(starts=[Start(name="s", code=EXAMPLE, experiment_id="origin")])
    attempts = [
        attempt(1, 1.0, kind="start", experiments={"full": "one"}),
        attempt(2, parents=[1], verdict="broken_reply"),
        attempt(3, parents=[2], kind="repair", experiments={"probe": "three"}),
        attempt(4, parents=[3]),
    ]
    assert [parent_experiment(made, a, attempts) for a in attempts] == ["origin", "one", "one", "three"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"verdict": "broken_reply"}, True),
        ({"verdict": "failed", "category": "decode_error"}, True),
        ({"verdict": "failed", "category": "lost"}, False),
        ({"verdict": "failed", "category": "timeout", "kind": "start"}, False),
        ({"verdict": "dominated"}, False),
        ({"verdict": "failed", "category": "timeout", "kind": "repair", "parents": [1]}, False),
    ],
)
def test_what_may_be_mended_is_mended_as_often_as_allowed(changes, wanted):
    attempts = [attempt(1, verdict="failed", category="timeout"), attempt(2, **changes)]
    assert wants_repair(attempts, 1) is wanted
    assert wants_repair(attempts, 0) is False


# Prompt ----------------------------------------------------------------------------------------------------------------


def ask(candidate, attempts, steers=(), found="It needs 300 kbit/s."):
    return question(run(goal="Halve it."), candidate, attempts, steers, lambda a: Evidence(found, [{"type": "image"}]))


def test_a_cross_shows_both_codecs_with_their_measurements():
    attempts = [attempt(1, 1.0, code="ONE = 1"), attempt(2, 2.0, code="TWO = 2")]
    made = ask(attempt(3, kind="cross", parents=[1, 2]), attempts)
    assert made.text.index("ONE = 1") < made.text.index("TWO = 2")
    assert made.text.count("It needs 300 kbit/s.") == 2
    assert made.pictures == 2


def test_failures_and_given_up_attempts_are_told_in_a_line():
    attempts = [
        attempt(1, 12.3, decode_ms=4.0),
        attempt(2, verdict="failed", said="decode_error: no\nmore"),
        attempt(3, verdict="dominated", said="Given up after the probe."),
        attempt(4, -9.0, barred="Uses a library."),
    ]
    text = ask(attempt(5, kind="fresh"), attempts).text
    assert "- 1: Codec 1: +12 %, decodes a frame in 4 ms" in text
    assert "- 2: Codec 2: decode_error: no\n" in text
    assert "- 3: Codec 3: Given up after the probe." in text
    assert "not ranked: Uses a library." in text


# Estimate --------------------------------------------------------------------------------------------------------------


def settings(**changes) -> RunSettings:
    return run(**changes).settings


def test_the_estimate_says_what_it_assumes_and_how_far_the_budget_goes():
    told = estimate(settings(dollars=Decimal(5)), PRICES, [])
    price = PRICES["claude-opus-5-5"]
    assert told.refusal is None
    assert told.attempt > ASSUMED_REPLY * price.output / 1_000_000
    assert told.attempts == int(5 / told.attempt)
    assert "assumed" in told.sentence
    known = estimate(settings(dollars=Decimal(5)), PRICES, [1000, 2000, 3000])
    assert "the mean of 3 earlier replies" in known.sentence
    assert known.attempt < told.attempt


def test_an_unknown_price_is_said_and_refuses_a_budget_in_dollars_alone():
    assert "price of else is unknown" in estimate(settings(dollars=Decimal(5), model="else"), PRICES, []).refusal
    free = estimate(settings(experiments=5, model="else"), PRICES, [])
    assert free.refusal is None
    assert free.attempt is None
    assert free.sentence.startswith("Cost unknown")


def test_settings_that_cannot_be_run_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="Claude must not see the latter"):
        run(search_clips=["a"], validation_clips=["a"])
    with pytest.raises(ValueError, match="a goal or a codec"):
        run(goal=" ")


# Sentences -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phase": "asking", "request": "begun"}, "Claude is working on it, 2\u202fs so far"),
        ({"phase": "asking", "request": "none", "tries": 3, "said": "Claude is overloaded."}, "trying again (3)"),
        ({"phase": "approval"}, "waiting for your approval"),
        ({"phase": "running", "stage": "probe"}, "the probe (one clip, one rate)"),
        ({"phase": "rating"}, "waiting for x264"),
    ],
)
def test_the_moment_in_a_sentence(changes, words):
    at = datetime(2026, 11, 25, 12, 0, 1, 500_000, UTC)
    going = run().model_copy(update={"state": "running"})
    assert words in sentence(going, [attempt(2, **changes)], None, at)
    assert sentence(going.model_copy(update={"wish": "pause"}), [attempt(2, **changes)], None, at).startswith("Pausing")


def test_what_is_not_known_of_the_money_is_never_shown_as_known():
    lost = asked(2, None, "lost", reserved=Decimal("0.5"), at_most=Decimal("0.5"))
    broken = asked(3, "0.01", "open", reserved=Decimal("0.3"), at_most=Decimal("0.3"))
    assert money(lost) == "unknown, at most $0.5000"
    assert money(broken) == "at least $0.0100, at most $0.3000"
    assert money(asked(4, None)) == "unknown: no price of this model"
    assert money(attempt(1, kind="start")) == "no request"
    bill, notes = spent(run(dollars=Decimal(2)), [asked(1, "0.25"), lost, broken])
    assert bill == "$0.2600"
    assert notes == "At most $0.7900 more for 2 requests whose bill is not known."


def test_the_best_so_far_never_rises_and_leaves_out_what_is_barred():
    attempts = [
        asked(1, "0.10", score=5.0, experiments={"full": "a"}),
        asked(2, "0.10", verdict="failed", experiments={"probe": "b"}),
        asked(3, "0.10", score=-50.0, barred="x", experiments={"full": "c"}),
        asked(4, "0.10", score=2.0, experiments={"probe": "d", "full": "e"}),
        attempt(5, phase="asking"),
    ]
    for a in attempts[:4]:
        a.verdict = a.verdict or "measured"
    points = best_so_far(attempts)
    assert [(p.number, p.experiments, p.best) for p in points] == [(1, 1, 5.0), (2, 2, 5.0), (3, 3, 5.0), (4, 5, 2.0)]
    assert points[-1].dollars == pytest.approx(0.4)
    assert [p.dollars for p in best_so_far([asked(1, None, score=1.0)])] == [None]


def test_nodes_are_coloured_by_bits_against_the_first_and_failures_are_nodes_too():
    attempts = [
        attempt(1, 100.0),
        attempt(2, 50.0, parents=[1]),
        attempt(3, verdict="failed", parents=[2]),
        attempt(4, phase="asking"),
    ]
    made = nodes(attempts, champion=2, selected=3)
    assert [n.value for n in made] == [0.0, pytest.approx(-25.0), None, None]
    assert [n.state for n in made] == ["succeeded", "succeeded", "failed", "running"]
    assert [n.ring for n in made] == [False, False, True, False]
    assert "★" in made[1].label
    assert made[2].parents == ("2",)


def test_a_row_of_the_ledger_has_dashes_where_nothing_is_known():
    line = row(asked(2, None, "lost", at_most=Decimal("0.5"), verdict="lost"))
    assert (line["dollars"], line["at_most"], line["score"], line["tokens_in"]) == (None, 0.5, None, None)
    assert line["verdict"] == "answer lost"
