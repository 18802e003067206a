"""The dashboard on recorded function-URL events, over a table that the lab's own store wrote (moto)."""

from __future__ import annotations

import base64
import hashlib
import re

from gpu_agent.models import Audit, PerceptualFigures
from tests.gpu_agent.factory import experiment

from .conftest import failed, finished

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


def test_an_empty_table_gives_a_page(store, dashboard):
    answer = dashboard("/")
    assert answer["statusCode"] == 200
    assert "no experiment here yet" in answer["body"]


def test_the_list_tells_what_the_store_wrote(store, dashboard):
    e = finished(store, title="Motion and DCT")
    body = dashboard("/")["body"]
    for part in (
        "Motion and DCT",
        f"/experiment/{e.id}",
        "41.30 dB",
        "1,450 kbit/s",
        "succeeded",
        "+13.4 %",
        "carphone",
    ):
        assert part in body, part
    assert f"{e.decoder_bytes / 1000:.1f} kB" in body


def test_the_best_against_each_anchor_is_the_lowest_of_all_experiments(store, dashboard):
    finished(store, title="first")
    body = dashboard("/")["body"]
    best = body.split("Best against the anchors")[1].split("Latest experiments")[0]
    assert "−4.5 %" in best
    assert "−64.2 %" in best


def test_what_is_archived_leads_nothing(store, dashboard):
    hidden = finished(store, title="hidden", bd_rate=-40.0)
    shown = finished(store, title="shown")
    store.annotate(hidden.id, archived=True)
    body = dashboard("/")["body"]
    assert hidden.id not in body
    assert f"/experiment/{shown.id}" in body.split("Best against the anchors")[1].split("Latest experiments")[0]


def test_what_the_audit_holds_leads_nothing_and_says_so(store, dashboard):
    held = finished(store, title="too good", per_clip={"carphone": -90.0, "parkjoy": -95.0})
    plain = finished(store, title="plain")
    board = lambda: dashboard("/")["body"].split("Best against the anchors")[1].split("Latest experiments")[0]
    assert f"/experiment/{held.id}" in board()
    store.set_audit(held.id, Audit(at="2026-11-22T13:00:00.000000Z", held=True))
    assert held.id not in board()
    assert board().count(f"/experiment/{plain.id}") == 4
    assert store.get(held.id).unranked in dashboard(f"/experiment/{held.id}")["body"]
    store.annotate(held.id, released="looked at: it is that good")
    assert f"/experiment/{held.id}" in board()
    assert "<dt>Ranked" not in dashboard(f"/experiment/{held.id}")["body"]


def test_what_ran_without_a_jail_leads_nothing_and_says_so(store, dashboard):
    e = finished(store, sandbox="unsafe")
    assert "Best against the anchors" not in dashboard("/")["body"]
    assert store.get(e.id).unranked in dashboard(f"/experiment/{e.id}")["body"]


def test_a_vmaf_that_is_not_there_says_why(store, dashboard):
    e = finished(store)
    figures = [PerceptualFigures(clip="carphone", rate=22, missing={"vmaf": "the <frames> were dropped"})]
    store.set_perceptual(e.id, figures)
    body = dashboard(f"/experiment/{e.id}")["body"]
    assert body.count('title="the &lt;frames&gt; were dropped">–') == 1
    assert body.count('title="it was not measured">–') == 7


def test_an_experiment_shows_figures_chart_videos_and_decoder(store, dashboard):
    e = finished(store)
    body = dashboard(f"/experiment/{e.id}")["body"]
    assert body.count("87.7") == 1, "VMAF joins the row that it was measured for, after the run"
    assert body.count("<polyline") == 2
    assert body.count("<circle") == 8
    assert f'src="/media/clips/{"a" * 64}/preview.mp4"' in body
    assert f'src="/media/{e.id}/carphone/r22/preview.mp4"' in body
    assert f'href="/code/{e.code_sha256}.py"' in body
    assert "the curves overlap" in body


def test_the_videos_and_the_decoder_are_where_the_store_put_them(store, dashboard, aws, tmp_path):
    e = finished(store)
    (tmp_path / "preview.mp4").write_bytes(b"mp4")
    store.artifacts.put_file(f"{e.id}/carphone/r22/preview.mp4", tmp_path / "preview.mp4", droppable=True)
    body = dashboard(f"/experiment/{e.id}")["body"]
    s3 = aws.client("s3")
    [code] = re.findall(r'href="/(code/[^"]+)"', body)
    assert s3.get_object(Bucket="decoders", Key=code)["Body"].read().decode() == e.code
    video = next(v for v in re.findall(r'src="/(media/[^"]+)"', body) if "carphone/r22" in v)
    assert s3.head_object(Bucket="videos", Key=video)["ContentLength"] == 3


def test_a_failure_says_why_and_has_no_figures(store, dashboard):
    e = failed(store, "ZeroDivisionError in decode, line 12")
    body = dashboard(f"/experiment/{e.id}")["body"]
    assert "decode_error" in body
    assert "ZeroDivisionError in decode, line 12" in body
    assert "<svg" not in body


def test_what_codec_writers_write_is_never_markup(store, dashboard):
    e = failed(store, HOSTILE * 3, title=HOSTILE)
    f = finished(store, title=HOSTILE)
    for path in ("/", f"/experiment/{e.id}", f"/experiment/{f.id}"):
        body = dashboard(path)["body"]
        assert "<script" not in body
        assert "<img" not in body
        assert "&lt;script&gt;" in body
        assert 'onerror=alert(1)>"' not in body


def test_long_texts_are_cut(store, dashboard):
    e = failed(store, "x" * 300_000)
    assert len(dashboard(f"/experiment/{e.id}")["body"]) < 30_000


def test_every_answer_is_fresh_and_allows_no_script(store, dashboard):
    e = finished(store)
    for path in ("/", f"/experiment/{e.id}", "/nothing"):
        answer = dashboard(path)
        headers, body = answer["headers"], answer["body"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script" not in policy
        style = body.split("<style>")[1].split("</style>")[0]
        assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
        assert not re.search(r"\sstyle=|\son\w+=|<script", body)


def test_a_page_is_rendered_from_the_table_at_each_request(store, dashboard):
    e = finished(store, title="old words")
    assert "old words" in dashboard("/")["body"]
    store.annotate(e.id, title="new words")
    body = dashboard("/")["body"]
    assert "new words" in body
    assert "old words" not in body


def test_older_experiments_are_one_link_away_and_pages_are_bounded(store, dashboard):
    for n in range(28):
        at = f"2026-11-{n + 1:02d}T10:00:00.000000Z"
        store.create(experiment(title=f"codec {n:02d}", created_at=at, id=f"exp-{n:04d}"))
    first = dashboard("/")["body"]
    assert first.count('<th scope="row">') == 25
    [link] = re.findall(r'rel="next" href="/\?before=([^"]+)"', first)
    from urllib.parse import unquote

    older = dashboard("/", before=unquote(link))["body"]
    assert older.count('<th scope="row">') == 3
    assert "codec 00" in older


def test_a_page_of_archived_ones_does_not_say_that_there_are_none(store, dashboard):
    for n in range(26):
        e = experiment(id=f"exp-{n:04d}", created_at=f"2026-11-{n + 1:02d}T10:00:00.000000Z")
        store.create(e)
        if n:
            store.annotate(e.id, archived=True)
    body = dashboard("/")["body"]
    assert "What was here is archived." in body
    assert 'rel="next"' in body


def test_archived_and_unknown_experiments_are_not_shown(store, dashboard):
    e = finished(store, title="hidden one")
    store.annotate(e.id, archived=True)
    assert "hidden one" not in dashboard("/")["body"]
    assert dashboard(f"/experiment/{e.id}")["statusCode"] == 404
    assert dashboard("/experiment/260101-000000-ffffffff")["statusCode"] == 404
    assert dashboard("/experiment/..%2f..")["statusCode"] == 404


def test_only_reading_is_answered(store, dashboard):
    assert dashboard("/", method="POST")["statusCode"] == 405
    head = dashboard("/", method="HEAD")
    assert (head["statusCode"], head["body"]) == (200, "")


def test_a_table_that_does_not_answer_is_said(dashboard, monkeypatch):
    monkeypatch.setenv("TABLE", "elsewhere")
    answer = dashboard("/")
    assert answer["statusCode"] == 503
    assert "could not be read" in answer["body"]
    assert "Traceback" not in answer["body"]
