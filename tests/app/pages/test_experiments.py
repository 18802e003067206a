"""The experiments page: one page of records at a time, filters, search, archive, every status."""

from __future__ import annotations

import pytest

from gpu_agent.models import Failure, Status, Summary
from gpu_agent.store import Query
from tests.gpu_agent.factory import experiment, row


def made(number: int, **changes):
    at = f"2026-01-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000000Z"
    return experiment(id=f"exp-{number:06d}", title=f"Codec {number}", created_at=at, **changes)


def titles(test) -> list[str]:
    return list(test.dataframe[0].value["title"])


def button(test, label: str):
    return next(b for b in test.button if b.label == label)


def test_an_empty_list_teaches_what_to_do(open_page):
    test = open_page("experiments")
    assert "No experiments yet" in test.info[0].value
    assert "agent does not answer" in test.warning[0].value
    test.text_input[0].set_value("nothing like this").run()
    assert "No experiment matches" in test.info[0].value


def test_pages_of_fifty_forth_and_back(open_page, services):
    for number in range(120):
        services.store.create(made(number, status=Status.SUCCEEDED, results=[row()]))
    test = open_page("experiments")
    assert titles(test) == [f"Codec {n}" for n in range(119, 69, -1)]
    button(test, "Older").click().run()
    button(test, "Older").click().run()
    assert titles(test) == [f"Codec {n}" for n in range(19, -1, -1)]
    assert button(test, "Older").disabled
    button(test, "Newer").click().run()
    assert titles(test)[0] == "Codec 69"
    test.text_input[0].set_value("exp-00007").run()
    assert titles(test) == [f"Codec {n}" for n in range(79, 69, -1)]


def test_only_one_page_is_read_of_thousands(open_page, services, monkeypatch):
    for number in range(300):
        services.store.create(made(number, status=Status.FAILED))
    asked, page = [], services.store.page

    def counted(query: Query):
        asked.append(query)
        return page(query)

    monkeypatch.setattr(services.store, "page", counted)
    monkeypatch.setattr(services.store, "get", lambda _: pytest.fail("no record is read alone"))
    test = open_page("experiments")
    assert len(titles(test)) == 50
    assert [(q.limit, q.before) for q in asked] == [(50, None)]


def test_every_status_is_shown_and_filtered(open_page, services):
    for number, status in enumerate(Status):
        failure = Failure(category="timeout", message="too slow") if status is Status.FAILED else None
        results = [row()] if status is Status.SUCCEEDED else []
        services.store.create(made(number, status=status, error=failure, results=results, summary=Summary()))
    test = open_page("experiments")
    shown = test.dataframe[0].value
    assert [text.split(" ")[1] for text in shown["status"]] == [s.value for s in reversed(Status)]
    assert shown["psnr_y"].notna().sum() == 1
    assert list(shown["rerun"].notna()) == [s.terminal for s in reversed(Status)]
    test.selectbox[0].set_value("failed").run()
    assert titles(test) == ["Codec 3"]


def test_archived_ones_are_apart(open_page, services):
    for number in range(3):
        services.store.create(made(number, status=Status.CANCELLED))
    services.store.annotate("exp-000001", archived=True)
    test = open_page("experiments")
    assert titles(test) == ["Codec 2", "Codec 0"]
    test.toggle[0].set_value(True).run()
    assert titles(test) == ["Codec 1"]
