"""Ranking: same frames only, reruns as one, held apart, the front by bits and cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results.leaderboard import anchors_there, badge_words, board, clip_sets, key_of
from gpu_agent.models import Status
from gpu_agent.outline import Extent

from .outlined import CLIP, outline

SET = frozenset({("c" * 64, 120)})


def ranked(found) -> list[str]:
    return [e.outline.id for e in found.ranked]


def test_only_the_same_frames_are_ranked_together():
    other = CLIP.model_copy(update={"frames": 60})
    unknown = Extent(name="carphone")
    made = [outline(1, percent=1), outline(2, percent=2), outline(3, clips=[other]), outline(4, clips=[unknown])]
    sets = clip_sets(made)
    assert [(s.name, s.count) for s in sets] == [("carphone (120)", 2), ("carphone (60)", 1)]
    assert key_of(made[3]) is None
    assert ranked(board(made, sets[0].key, "x264-medium", "decode")) == ["exp-0001", "exp-0002"]


@pytest.mark.parametrize("changes", [{"status": Status.FAILED}, {"archived": True}, {"points": 0}])
def test_what_did_not_finish_or_is_archived_is_not_there(changes):
    assert clip_sets([outline(1, percent=1, **changes)]) == []


def test_reruns_of_the_same_code_are_one_row_with_the_median_of_their_times():
    same = {"code_sha256": "s" * 64}
    runs = [outline(n, percent=-5, decode_fps=fps, **same) for n, fps in ((3, 100.0), (2, 10.0), (1, 50.0))]
    (entry,) = board([*runs, outline(4, percent=None, **same, rates=[1])], SET, "x264-medium", "decode").ranked
    assert (entry.outline.id, entry.runs, entry.decode_ms) == ("exp-0001", 3, 20.0)


def test_held_ones_are_apart_with_the_reason_and_hold_their_reruns():
    same = {"code_sha256": "s" * 64}
    made = [
        outline(3, percent=-80, **same),
        outline(2, percent=-80, held="by a wide margin", **same),
        outline(1, percent=5),
    ]
    found = board(made, SET, "x264-medium", "decode")
    assert ranked(found) == ["exp-0001"]
    assert [(e.outline.id, e.why, e.runs) for e in found.held] == [("exp-0002", "by a wide margin", 2)]
    made[1].facts.released = "The figure is real."
    assert ranked(board(made, SET, "x264-medium", "decode")) == ["exp-0002", "exp-0001"]


@pytest.mark.parametrize("how", ["imported", "unsafe"])
def test_what_was_not_measured_here_in_a_jail_is_ranked_only_after_a_rerun(how):
    same = {"code_sha256": "s" * 64}
    there = outline(1, percent=-60, decode_fps=1000.0, **same, **{how: True})
    found = board([there], SET, "x264-medium", "decode")
    assert (found.ranked, len(found.held)) == ([], 1)
    assert "rerun it here" in found.held[0].why or "unsafe mode" in found.held[0].why
    (entry,) = board([outline(2, percent=-5, **same), there], SET, "x264-medium", "decode").ranked
    assert (entry.outline.id, entry.runs, entry.percent, entry.decode_ms) == ("exp-0002", 1, -5, 20.0)


def test_without_a_figure_the_reason_is_kept():
    refused = outline(1, refused={"x264-medium": "carphone: too few points"})
    found = board([refused, outline(2)], SET, "x264-medium", "decode")
    assert [e.why for e in found.unranked] == [
        "carphone: too few points",
        "no BD-rate yet: the anchor is not measured on these frames",
    ]


def test_the_front_follows_the_chosen_cost():
    made = [
        outline(1, percent=-30, decode_fps=1, decoder_bytes=100),
        outline(2, percent=-20, decode_fps=10, decoder_bytes=900),
        outline(3, percent=-10, decode_fps=5, decoder_bytes=50),
        outline(4, percent=0, decode_fps=None, decoder_bytes=10),
    ]
    assert board(made, SET, "x264-medium", "decode").front == ["exp-0001", "exp-0002"]
    assert board(made, SET, "x264-medium", "decoder").front == ["exp-0001", "exp-0003", "exp-0004"]


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 40)), max_size=25))
def test_nobody_beats_the_front_and_everybody_else_is_beaten(pairs):
    made = [outline(n, percent=p, decoder_bytes=c) for n, (p, c) in enumerate(pairs)]
    found = board(made, SET, "x264-medium", "decoder")
    points = {e.outline.id: (e.percent, e.outline.facts.decoder_bytes) for e in found.ranked}
    beats = lambda a, b: a[0] <= b[0] and a[1] <= b[1] and a != b
    for own in points.values():
        beaten = any(beats(other, own) for other in points.values())
        twin = any(points[n] == own for n in found.front)
        assert beaten != twin


def test_anchors_are_those_with_a_figure():
    made = [outline(1, bd_rate={"mjpeg": 1.0}, refused={"vp9": "no"}), outline(2, percent=3)]
    assert anchors_there(made) == ["x264-medium", "mjpeg"]


def test_the_audit_in_a_cell():
    assert badge_words(outline(1)) == ""
    assert badge_words(outline(1, badges={"deterministic": "good"})) == "✓"
    assert badge_words(outline(1, badges={"deterministic": "good", "fresh_clip": "unknown"})) == "? 1 open"
    assert (
        badge_words(outline(1, badges={"code_size": "note", "deterministic": "bad"}))
        == "✗ not deterministic, ! large tables"
    )
