"""The page of one experiment, in every status and for records with odd content."""

from __future__ import annotations

import pytest

from app.components import soon
from gpu_agent.models import BDRate, ClipRef, Failure, Reproduction, Status, Summary
from tests.gpu_agent.factory import experiment, row


def texts(test) -> str:
    kinds = (test.markdown, test.caption, test.info, test.success, test.error, test.warning, test.subheader, test.code)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def button(test, label: str):
    return next(b for b in test.button if b.label == label)


def test_an_unknown_id_leads_to_the_list(open_page):
    assert "There is no such experiment here" in open_page("experiment", id="nope").info[0].value
    assert "Pick an experiment" in open_page("experiment").info[0].value


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_its_page(open_page, services, status):
    failure = Failure(category="memory", message="needed 5000 MB of 4096") if status is Status.FAILED else None
    results = [row(rate=22), row(rate=32, kbps=12.0)] if status is Status.SUCCEEDED else []
    record = experiment(title="A *title*", status=status, error=failure, results=results, log="said\n")
    services.store.create(record)
    test = open_page("experiment", id=record.id)
    assert test.subheader[0].value == r"A \*title\*"
    assert button(test, "Rerun").disabled is not status.terminal
    said = texts(test)
    expected = {
        Status.QUEUED: "The agent is down; the experiment starts when it is back.",
        Status.RUNNING: "The agent does not answer. When it is back",
        Status.SUCCEEDED: "37.5",
        Status.FAILED: "needed 5000 MB of 4096",
        Status.CANCELLED: "It was cancelled before a point was measured.",
    }[status]
    assert expected.replace(" ", "") in said.replace("\u202f", "").replace("\\", "").replace(" ", "")


def test_odd_records_are_drawn(open_page, services):
    name = "a-very-long-name-" * 6
    clips = [
        ClipRef(name="one", sha256="1" * 64, width=64, height=48, frames=1, fps="25"),
        ClipRef(name=name, sha256="2" * 64, width=1280, height=720, frames=8, fps="30000/1001"),
    ]
    points = [row("one", 4, frames=1, lossless=True, psnr_y=60.0, ssim=None), row(name, 4), row(name, 8, kbps=9.0)]
    record = experiment(
        status=Status.SUCCEEDED,
        clips=clips,
        rates=[4, 8],
        results=points,
        warnings=["look *here*"],
        summary=Summary(
            bd_rate={"x264-medium": BDRate(reason="too few points")},
            reproduction=Reproduction(of="another", same=False, compared=3, different=["one at 4"]),
        ),
    )
    services.store.create(record)
    test = open_page("experiment", id=record.id)
    said = texts(test)
    assert "Not the same bitstreams as another" in said
    assert r"look \*here\*" in said
    assert "One rate point is a dot" in said
    assert "series of this run is not on this machine any more" in said


def test_what_is_below_the_first_screen_waits_until_that_is_drawn(open_page, services, monkeypatch):
    record = experiment(status=Status.SUCCEEDED, results=[row(rate=22), row(rate=32, kbps=12.0)], code="# the code")
    services.store.create(record)
    asked = []
    monkeypatch.setattr(soon, "soon", lambda key: bool(asked.append(key)))
    test = open_page("experiment", id=record.id)
    assert "37.5" in texts(test)  # the point that the player shows
    assert [e.label for e in test.expander] == []
    assert not test.dataframe
    assert not test.code
    assert len(set(asked)) == len(asked)
    assert all(record.id in key for key in asked)  # another one begins anew

    monkeypatch.setattr(soon, "soon", lambda key: True)
    test.run()
    assert {"Frame by frame", "Code and settings"} <= {e.label for e in test.expander}
    assert len(test.dataframe) == 1
    assert "# the code" in texts(test)


def test_archive_and_back(open_page, services):
    record = experiment(status=Status.CANCELLED)
    services.store.create(record)
    test = open_page("experiment", id=record.id)
    button(test, "Archive").click().run()
    assert services.store.get(record.id).archived
    button(test, "Unarchive").click().run()
    assert not services.store.get(record.id).archived


def test_rerun_without_an_agent_is_queued_in_the_store(open_page, services):
    record = experiment(status=Status.CANCELLED)
    services.store.create(record)
    test = open_page("experiment", id=record.id)
    button(test, "Rerun").click().run()
    (queued,) = services.store.waiting()
    assert services.store.get(queued).rerun_of == record.id
