from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from app.left_page import ASK, RUN, guarded, ignore_left_pages, is_left, waiting_guarded


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (RerunData(fragment_id_queue=["part"], page_script_hash="old"), True),
        (RerunData(fragment_id_queue=["part"], page_script_hash="now"), False),
        (RerunData(page_script_hash="old"), False),  # a whole page: that is how a person goes there
        (RerunData(fragment_id_queue=["part"]), False),
    ],
)
def test_parts_of_another_page_than_the_one_that_ran_are_not_run(asked, left):
    ran = []
    runner = SimpleNamespace(_pages_manager=SimpleNamespace(current_page_script_hash="now"))
    guarded(lambda runner, asked: ran.append(asked))(runner, asked)
    assert ran == ([] if left else [asked])


def test_before_any_page_ran_nothing_is_left():
    assert not is_left(RerunData(fragment_id_queue=["part"], page_script_hash="old"), "")


@pytest.fixture
def requests(monkeypatch):
    """What waits to be run in a session, guarded as in the lab."""
    monkeypatch.setattr(ScriptRequests, ASK, waiting_guarded(getattr(ScriptRequests, ASK)))
    return ScriptRequests()


def next_page(requests) -> str:
    return requests.on_scriptrunner_ready().rerun_data.page_script_hash


@pytest.mark.parametrize("part", [{"fragment_id": "part", "is_auto_rerun": True}, {"fragment_id_queue": ["part"]}])
def test_a_click_on_another_page_is_not_lost_to_a_part_of_the_old_one(requests, part):
    requests.request_rerun(RerunData(page_script_hash="new"))
    assert requests.request_rerun(RerunData(page_script_hash="old", **part))
    assert next_page(requests) == "new"


def test_what_is_asked_for_otherwise_is_as_streamlit_has_it(requests):
    requests.request_rerun(RerunData(page_script_hash="old", fragment_id="part"))
    requests.request_rerun(RerunData(page_script_hash="new"))
    assert next_page(requests) == "new"
    requests.request_rerun(RerunData(page_script_hash="old", fragment_id="part"))  # nothing waits any more
    assert next_page(requests) == "old"
    requests.request_rerun(RerunData(page_script_hash="new"))
    requests.request_rerun(RerunData(page_script_hash="third"))  # a person's newest wish
    assert next_page(requests) == "third"


def test_streamlit_s_own_runner_is_guarded_once(monkeypatch):
    places = ((ScriptRunner, RUN), (ScriptRequests, ASK))
    own = [getattr(*place) for place in places]
    for place, function in zip(places, own):
        monkeypatch.setattr(*place, function)
    ignore_left_pages()
    ignore_left_pages()
    assert [getattr(*place).__wrapped__ for place in places] == own
    for place in places:
        monkeypatch.delattr(*place)
    ignore_left_pages()
    assert not any(hasattr(*place) for place in places)
