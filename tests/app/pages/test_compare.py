"""The compare page: the choice in the URL, search, what is missing said, one and eight chosen, hostile titles."""

from __future__ import annotations

import pytest

from app.components import soon
from gpu_agent.anchors import AnchorCurve, AnchorPoint
from gpu_agent.models import ClipRef, Failure, ResultRow, Status
from gpu_agent.road.ladders import curve_key
from tests.gpu_agent.factory import experiment, row

CLIP = ClipRef(name="carphone", sha256="c" * 64, width=176, height=144, frames=8, fps="25")


def points(factor: float = 1.0, **more) -> list[ResultRow]:
    figures = ((22, 212.0, 38.8, 0.956), (27, 120.0, 36.0, 0.93), (32, 61.0, 33.1, 0.89), (37, 33.0, 30.3, 0.83))
    return [row(rate=r, kbps=k * factor, psnr_yuv=p, psnr_y=p - 1, ssim=s, **more) for r, k, p, s in figures]


def made(services, title: str, factor: float | None = 1.0, **changes):
    results = points(factor) if factor else []
    record = experiment(
        title=title,
        results=results,
        **({"status": Status.SUCCEEDED, "clips": [CLIP], "rates": [22, 27, 32, 37]} | changes),
    )
    assert services.store.create(record)
    return record


def anchor(services, factor: float = 1.0) -> None:
    known = [
        AnchorPoint(
            **{k: getattr(r, k) for k in AnchorPoint.model_fields if k in ResultRow.model_fields},
            ms_ssim=None, ssim_ffmpeg=None, vmaf_neg=None, command="ffmpeg",
        )
        for r in points(factor)
    ]  # fmt: skip
    curve = AnchorCurve(
        anchor="x264-medium", label="x264 medium", clip="carphone", clip_sha256=CLIP.sha256, frames=8, points=known,
        rates=[22, 27, 32, 37],
    )  # fmt: skip
    services.artifacts.put_bytes(curve_key(CLIP.sha256, 8, "x264-medium"), curve.model_dump_json().encode())


def texts(test) -> str:
    kinds = (test.markdown, test.caption, test.info, test.warning)
    said = "\n".join(str(e.value) for kind in kinds for e in kind)
    return said.replace("\u202f", " ").replace("\\", "").replace("\u200b", "")


def test_what_is_below_the_first_screen_waits_until_that_is_drawn(open_page, services, monkeypatch):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    monkeypatch.setattr(soon, "soon", lambda key: False)
    test = open_page("compare", **{"with": f"{a.id},{b.id}"})
    assert "fewer bits" in texts(test)
    assert "BD-rate, each against each" not in texts(test)
    monkeypatch.setattr(soon, "soon", lambda key: True)
    assert "BD-rate, each against each" in texts(test.run())


def test_an_empty_choice_teaches_what_to_do(open_page):
    assert "Choose two to eight" in texts(open_page("compare"))


def test_the_choice_of_the_url_is_compared_in_sentences_and_figures(open_page, services):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    anchor(services, 2.0)
    test = open_page("compare", **{"with": f"{a.id},{b.id},anchor:x264-medium"})
    said = texts(test)
    assert "“New” needs 31 % fewer bits than “Old” at equal PSNR on carphone." in said
    assert "“Old” needs 50 % fewer bits than “x264 medium” at equal PSNR on carphone." in said
    assert list(test.dataframe[0].value["name"]) == ["Old", "New", "x264 medium"]
    assert "The code is the same, letter for letter." in said


def test_adding_and_removing_changes_the_url(open_page, services):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    test = open_page("compare", **{"with": a.id})
    assert "choose a second" in texts(test)
    (chooser,) = test.multiselect
    chooser.set_value([*chooser.value, next(p for p in chooser.options if str(p).startswith("New"))])
    test.run()
    assert not test.exception
    assert test.query_params["with"] in ([f"{a.id},{b.id}"], f"{a.id},{b.id}")


def test_search_finds_among_more_than_are_offered(open_page, services):
    old = made(services, "The needle", created_at="2020-01-01T00:00:00.000000Z")
    for n in range(40):
        made(services, f"Hay {n}", None, status=Status.CANCELLED)
    test = open_page("compare")
    assert not any("needle" in str(o) for o in test.multiselect[0].options)
    test.text_input[0].set_value("needle").run()
    assert any(old.id[-8:] in str(o) for o in test.multiselect[0].options)


def test_what_is_not_there_and_what_has_no_curve_is_said(open_page, services):
    a = made(services, "Good")
    failed = made(services, "Bad", None, status=Status.FAILED, error=Failure(category="memory", message="too much"))
    test = open_page("compare", **{"with": f"{a.id},{failed.id},gone-one,anchor:vp9"})
    said = texts(test)
    assert "Not here, and left out: “gone-one”." in said
    assert "“Bad” has no curve: it failed: a failed run has no figures." in said
    assert "“VP9” has no curve: not measured on these frames yet." in said
    assert "cannot be compared with" in said


def test_eight_with_titles_that_are_traps(open_page, services):
    hostile = "<script>alert(1)</script> **bold** :smile: [link](http://evil) " + "long " * 20
    records = [made(services, f"{hostile[:190]}{n}", 1 + n / 10) for n in range(8)]
    test = open_page("compare", **{"with": ",".join(r.id for r in records)})
    assert len(test.dataframe[0].value) == 8
    assert len(set(test.dataframe[0].value["name"])) == 8
    assert len(test.error) == 0


def test_the_choice_comes_back_when_the_tab_was_elsewhere(open_page, services):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    test = open_page("compare", **{"with": f"{a.id},{b.id}"})
    test.query_params.clear()
    test.run()
    assert list(test.dataframe[0].value["name"]) == ["Old", "New"]


@pytest.mark.parametrize("quality", ["psnr_yuv", "ssim", "All four", "nonsense"])
def test_every_quality_is_drawn_and_an_odd_one_in_the_url_is_no_error(open_page, services, quality):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    test = open_page("compare", **{"with": f"{a.id},{b.id}", "quality": quality})
    assert not test.error
    assert "fewer bits" in texts(test)
