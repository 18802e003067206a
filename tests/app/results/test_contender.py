"""Choosing what is compared: the URL's text, labels that differ, and clips by the frames they really are."""

from __future__ import annotations

import pytest

from app.results.contender import MOST, Pick, choose, read_picks, write_picks
from gpu_agent.models import Clip, ClipRef

from .anchored import anchor_curve


def clip(name="carphone", frames=120) -> Clip:
    return Clip(
        name=name, title=name, origin="natural", sha256=name.ljust(64, "0"), width=176, height=144,
        visible_width=176, visible_height=144, frames=frames, fps="25", seconds=frames / 25,
    )  # fmt: skip


def chosen(picks, records=(), curves=None, clips=None):
    by_id = {r.id: r for r in records}
    return choose(
        picks, by_id.get, lambda key, name: (curves or {}).get((*key, name)), [clip()] if clips is None else clips
    )


def test_the_url_s_text_is_read_back_and_nonsense_is_left_out():
    picks = [Pick("experiment", "261104-101500-ab12cd34"), Pick("anchor", "x264-medium"), Pick("source", "carphone")]
    assert read_picks(write_picks(picks)) == picks
    assert read_picks(" ,,a-1, a-1,anchor:,other:x,source:b") == [Pick("experiment", "a-1"), Pick("source", "b")]
    assert read_picks("") == []


def test_experiments_anchors_and_sources_meet_on_the_same_frames(experiment, curve):
    record = experiment(curve())
    sha = record.clips[0].sha256
    known = {(sha, 120, "x264-medium"): anchor_curve(curve(), "x264-medium")}
    picks = [Pick("experiment", record.id), Pick("anchor", "x264-medium"), Pick("source", "carphone")]
    choice = chosen(picks, [record], known)
    (footage,) = choice.footage
    assert (footage.key, choice.named(footage)) == ((sha, 120), "carphone")
    own, anchor, source = choice.contenders
    assert [c.label for c in choice.contenders] == ["Wavelet, second try", "x264 medium", "Source of carphone"]
    assert [r.kbps for r in own.on(footage).rows] == sorted(r.kbps for r in record.results)
    assert len(anchor.on(footage).rows) == 4
    assert source.on(footage).rows == ()
    assert choice.rated() == [own, anchor]


def test_other_frames_under_the_same_name_are_another_footage(experiment, curve):
    a = experiment(curve(), id="first-one")
    b = experiment(curve(), id="second-one")
    b.clips = [a.clips[0].model_copy(update={"frames": 60})]
    c = experiment(curve(), id="third-one")
    c.clips = [ClipRef(name="carphone", sha256="f" * 64, frames=60)]
    choice = chosen([Pick("experiment", e.id) for e in (a, b, c)], [a, b, c])
    assert [choice.named(f) for f in choice.footage] == [
        "carphone, 120 frames",
        "carphone, 60 frames (carpho)",
        "carphone, 60 frames (ffffff)",
    ]
    first, other, third = choice.contenders
    assert first.on(choice.footage[1]).missing == "it ran 120 frames of carphone, not 60"
    assert third.on(choice.footage[0]).missing == "the clip called carphone that it ran has other frames"
    assert other.on(choice.footage[1]).rows


def test_equal_titles_get_the_end_of_their_id(experiment):
    a, b = experiment(id="one-aaaaaaaa"), experiment(id="two-bbbbbbbb")
    choice = chosen([Pick("experiment", a.id), Pick("experiment", b.id)], [a, b])
    assert [c.label for c in choice.contenders] == ["Wavelet, second try · aaaaaaaa", "Wavelet, second try · bbbbbbbb"]


@pytest.mark.parametrize(
    ("status", "why"),
    [("failed", "a failed run has no figures"), ("queued", "not started"), ("running", "still running")],
)
def test_why_an_experiment_has_no_curve_is_said(experiment, status, why):
    record = experiment(status=status)
    choice = chosen([Pick("experiment", record.id)], [record])
    assert why in choice.contenders[0].on(choice.footage[0]).missing


def test_anchors_alone_stand_on_the_sources_or_on_all_clips():
    clips = [clip(), clip("bikes")]
    assert [f.name for f in chosen([Pick("anchor", "mjpeg")], clips=clips).footage] == ["carphone", "bikes"]
    both = [Pick("anchor", "mjpeg"), Pick("source", "bikes")]
    choice = chosen(both, clips=clips)
    assert [f.name for f in choice.footage] == ["bikes"]
    assert choice.contenders[0].on(choice.footage[0]).missing == "not measured on these frames yet"


def test_what_is_not_there_is_named_and_no_more_than_eight_are_taken(experiment):
    records = [experiment(id=f"exp-{n:04d}", title=f"Codec {n}") for n in range(MOST + 2)]
    picks = [Pick("experiment", "gone-one"), Pick("anchor", "h266"), Pick("source", "gone")]
    choice = chosen([*picks, *(Pick("experiment", r.id) for r in records)], records)
    assert choice.unknown == picks
    assert len(choice.contenders) == MOST
