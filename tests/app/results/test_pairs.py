"""Each against each: figures on common frames alone, refusals by name, sentences with the direction right."""

from __future__ import annotations

import pytest

from app.results.contender import Pick, choose
from app.results.format import THIN
from app.results.pairs import matrix, pair, refusals, sentence, sentences, told

from .anchored import anchor_curve


def chosen(*records, anchors=(), curves=None):
    picks = [Pick("experiment", r.id) for r in records] + [Pick("anchor", name) for name in anchors]
    by_id = {r.id: r for r in records}
    return choose(picks, by_id.get, lambda key, name: (curves or {}).get((*key, name)), [])


def said(text: str) -> str:
    return text.replace(THIN, " ")


@pytest.fixture
def two(experiment, curve):
    both = ("carphone", "bikes")
    old = experiment(curve() + curve("bikes"), clips=both, title="Old", id="old-one")
    new = experiment(curve(factor=0.69) + curve("bikes", 1.04), clips=both, title="New", id="new-one")
    return old, new


def test_each_against_each_is_rated_both_ways(two):
    choice = chosen(*two)
    pairs = matrix(choice)
    assert set(pairs) == {("Old", "New"), ("New", "Old")}
    assert [c.result.percent for c in pairs["New", "Old"].clips] == pytest.approx([-31, 4])
    assert pairs["New", "Old"].mean == pytest.approx(-13.5)
    assert pairs["Old", "New"].mean == pytest.approx(((100 / 0.69 - 100) + (100 / 1.04 - 100)) / 2)
    assert pairs["New", "Old"].overlap == 1.0
    assert refusals(pairs) == []


def test_a_sentence_says_every_clip_with_its_direction(two):
    (text,) = sentences(chosen(*two))
    assert said(text) == "“New” needs 31 % fewer bits than “Old” at equal PSNR on carphone; 4.0 % more on bikes."


def test_an_anchor_is_the_reference_whatever_the_order(experiment, curve):
    own = experiment(curve(factor=2), title="Mine")
    key = (own.clips[0].sha256, 120, "x264-medium")
    choice = chosen(own, anchors=["x264-medium"], curves={key: anchor_curve(curve(), "x264-medium")})
    assert [(r.label, t.label) for r, t in told(choice)] == [("x264 medium", "Mine")]
    assert said(sentences(choice)[0]) == "“Mine” needs 100 % more bits than “x264 medium” at equal PSNR on carphone."


def test_a_refusal_names_the_two_and_leaves_no_mean(experiment, curve, row):
    both = ("carphone", "bikes")
    a = experiment([*curve(), row("bikes")], clips=both, title="A", id="one-a")
    b = experiment(curve(factor=2) + curve("bikes"), clips=both, title="B", id="one-b")
    found = pair(chosen(a, b), *chosen(a, b).contenders)
    assert found.mean is None
    assert found.reason == "bikes: “A” has 1 rate point; BD-rate needs 4"
    assert said(sentence(found)).endswith("more bits than “A” at equal PSNR on carphone; not comparable on bikes.")


def test_a_measure_that_a_run_lacks_is_refused_by_its_name(experiment, curve):
    choice = chosen(experiment(curve(), title="A", id="one-a"), experiment(curve(), title="B", id="one-b"))
    (reason,) = refusals(matrix(choice, "vmaf"))[:1]
    assert "has no point with VMAF" in reason


def test_other_frames_are_never_compared(experiment, curve):
    a, b = experiment(curve(), title="A", id="one-a"), experiment(curve(), title="B", id="one-b")
    b.clips = [b.clips[0].model_copy(update={"frames": 60})]
    assert sentences(chosen(a, b)) == [
        "“B” cannot be compared with “A”: no clip was measured by both on the same frames."
    ]


@pytest.mark.parametrize("status", ["failed", "queued", "running", "cancelled"])
def test_who_has_no_figures_is_said_once(experiment, curve, status):
    records = [experiment(curve(), title=t, id=f"id-{t}") for t in "ABC"]
    records.append(experiment(status=status, title="D", id="id-D"))
    reasons = refusals(matrix(chosen(*records)))
    assert len(reasons) == 1
    assert reasons[0].startswith("“D” has no figures: it")
