from __future__ import annotations

from app.results.contender import Pick, choose
from app.results.overview import overview
from app.results.settings_table import settings_table
from gpu_agent.models import Limits

from .anchored import anchor_curve


def choice_of(*records, anchors=(), curve=None):
    picks = [Pick("experiment", r.id) for r in records] + [Pick("anchor", a) for a in anchors]
    return choose(picks, {r.id: r for r in records}.get, lambda key, name: curve, [])


def test_only_differences_and_no_outcomes(experiment, curve):
    a = experiment(curve(), id="one-id", title="A", environment={"cpu": {"threads": 2}})
    b = experiment([], id="two-id", title="B", limits=Limits(wall_seconds=60), environment={"cpu": {"threads": 4}})
    choice = choice_of(a, b)
    assert settings_table(choice.contenders, True) == [
        {"Setting": "limits.wall_seconds", "A": 600.0, "B": 60.0},
        {"Setting": "environment.cpu.threads", "A": 2, "B": 4},
    ]
    everything = {row["Setting"]: row for row in settings_table(choice.contenders, False)}
    assert everything["clips"]["A"] == "carphone (120 frames)"
    assert everything["rates"]["B"] == "22, 27, 32, 37"
    assert not {"status", "id", "created_at", "summary.points"} & set(everything)


def test_an_anchor_has_its_exact_settings_and_a_group_that_is_empty_is_no_row(experiment, curve):
    a, b = experiment(id="one-id", title="A", environment={}), experiment(id="two-id", title="B", environment={"x": 1})
    choice = choice_of(
        a, b, anchors=["x264-medium"], curve=anchor_curve(curve(), "x264-medium", versions={"ffmpeg": "7"})
    )
    names = [row["Setting"] for row in settings_table(choice.contenders[:2], True)]
    assert names == ["environment.x"]
    anchor = {row["Setting"]: row["x264 medium"] for row in settings_table(choice.contenders[2:], False)}
    assert "-preset medium" in anchor["arguments"]
    assert anchor["version.ffmpeg"] == "7"


def test_a_line_about_each(experiment, curve):
    done = experiment(curve(), id="one-id", title="A")
    failed = experiment(status="failed", id="two-id", title="B")
    a, b, x264 = overview(choice_of(done, failed, anchors=["x264-medium"]))
    assert (a["status"], a["decoder"][:4], a["encode"][:2]) == ("succeeded", "2.31", "15")
    assert (b["status"], b["encode"]) == ("failed", "–")
    assert (x264["what"], x264["decoder"], x264["open"]) == ("Anchor", "–", "")
    assert x264["status"] == "not measured"
