"""A comparison taken away: whole in one file, hostile titles and code as text, figures as data."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest

from app.export.figures import csv_text, json_text
from app.export.pictures import TOO_LARGE, NoPicture, pictures
from app.export.report import report
from app.results.contender import Pick, choose
from tests.app.results.anchored import anchor_curve
from tests.app.results.conftest import make_curve, make_experiment
from tests.app.results.test_contender import clip as catalogued

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> =cmd|' /C calc'!A0"
PNG = b"\x89PNG picture"


class Seen(HTMLParser):
    """Tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.text, self._inside = [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data


@pytest.fixture
def choice():
    a = make_experiment(make_curve(), id="one-aaaaaaaa", title=HOSTILE, code=f"RATES = (1,)\n# {HOSTILE}\nx = 1\n")
    b = make_experiment(make_curve(factor=0.69), id="two-bbbbbbbb", title="=New", code="RATES = (1,)\nx = 2\n")
    failed = make_experiment(status="failed", id="three-cccccc", title="Failed one")
    records = {r.id: r for r in (a, b, failed)}
    curve = anchor_curve(make_curve(factor=0.5), "x264-medium")
    picks = [*(Pick("experiment", i) for i in records), Pick("anchor", "x264-medium")]
    return choose(picks, records.get, lambda key, name: curve, [])


def test_everything_is_in_the_one_file_and_nothing_is_fetched(choice):
    asked = []
    page = report(choice, "5 November 2026", lambda path: asked.append(path) or PNG)
    seen = Seen(page)
    assert not [
        a
        for t, a in seen.tags
        if t in ("link", "iframe", "object") or ("src" in a and not a["src"].startswith("data:"))
    ]
    assert sum(t == "img" for t, _ in seen.tags) == 4
    (footage,) = choice.footage
    anchored = asked.pop()
    assert asked == [
        f"clips/{footage.sha256}/frames/60/source.png",
        "one-aaaaaaaa/carphone/r32/frames/60/decoded.png",
        "two-bbbbbbbb/carphone/r27/frames/60/decoded.png",
    ]
    assert anchored.startswith(f"clips/{footage.sha256}/anchors/120/x264-medium/r27/")
    assert anchored.endswith("/frames/60/decoded.png")
    assert page.count("Plotly.newPlot(") >= 5
    assert "“=New” needs 31" in seen.text
    assert "it failed: a failed run has no figures" in seen.text
    assert "1 line added, 2 removed" in seen.text
    policy = next(a["content"] for t, a in seen.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_titles_and_code_of_others_are_text_everywhere(choice):
    page = report(choice, "now", away)
    seen = Seen(page)
    assert not any(name.startswith("on") for _, attributes in seen.tags for name in attributes)
    assert "alert(1)" in seen.text
    assert "</script><script>alert(1)" not in page
    assert seen.text.count("the agent is <away>") == 4


def away(path):
    raise NoPicture("the agent is <away>")


def test_frames_are_at_the_points_nearest_in_rate_and_bounded(choice):
    (footage,) = choice.footage
    found = pictures(choice, lambda path: PNG)[footage]
    assert [p.title.split(",")[-1] for p in found] == [" frame 60"] * 4
    assert "rate 27" in found[1].said or "rate 32" in found[1].said
    assert found[3].title.startswith("x264 medium")
    large = pictures(choice, lambda path: b"x" * (25 << 20))[footage]
    assert [p.png is not None for p in large] == [True, False, False, False]
    assert large[1].said == TOO_LARGE


def test_the_bound_is_the_whole_report_s_not_each_clip_s():
    clips = [catalogued("a"), catalogued("b")]
    found = choose([Pick("source", "a"), Pick("source", "b")], lambda key: None, lambda *_: None, clips)
    seen = pictures(found, lambda path: b"x" * (25 << 20))
    assert [p.said for own in seen.values() for p in own] == ["exact", TOO_LARGE]


def test_a_source_alone_has_its_picture():
    clips = [catalogued("a", 9)]
    sources = choose([Pick("source", "a")], lambda key: None, lambda *_: None, clips)
    (own,) = pictures(sources, lambda path: path.encode()).values()
    assert [(p.title, p.png) for p in own] == [
        ("Source, frame 4", f"clips/{clips[0].sha256}/frames/4/source.png".encode())
    ]


def test_an_anchor_that_came_out_otherwise_is_said_and_not_shown(choice):
    def fetch(path):
        if "/anchors/" in path:
            raise NoPicture("came out with other frames than were measured. They are not shown.")
        return PNG

    found = [p for own in pictures(choice, fetch).values() for p in own]
    assert [p.png is not None for p in found] == [True, True, True, False]
    assert "They are not shown" in found[3].said


def test_csv_has_a_line_a_point_and_no_formula(choice):
    rows = list(csv.DictReader(io.StringIO(csv_text(choice))))
    assert len(rows) == 12
    assert {r["compared"] for r in rows if r["kind"] == "experiment"} == {choice.contenders[0].label, "'=New"}
    assert float(rows[0]["kbps"]) == 33.0
    assert rows[-1]["decoder_bytes"] == ""


def test_json_has_pairs_with_reasons_and_is_strict(choice):
    found = json.loads(json_text(choice), parse_constant=lambda name: pytest.fail(name))
    pairs = {(p["test"], p["reference"], p["quality"]): p for p in found["pairs"]}
    new, x264 = choice.contenders[1].label, "x264 medium"
    assert pairs[new, x264, "psnr_yuv"]["percent"] == pytest.approx(38)
    assert "has no figures" in pairs["Failed one", x264, "psnr_yuv"]["reason"]
    assert len(found["points"]) == 12
    assert found["compared"][3]["settings"]["encoder"] == "libx264"
