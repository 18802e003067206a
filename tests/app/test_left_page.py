from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from app.left_page import RUN, guarded, ignore_left_pages, is_left


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


def test_streamlit_s_own_runner_is_guarded_once(monkeypatch):
    own = getattr(ScriptRunner, RUN)
    monkeypatch.setattr(ScriptRunner, RUN, own)
    ignore_left_pages()
    ignore_left_pages()
    assert getattr(ScriptRunner, RUN).__wrapped__ is own
    monkeypatch.delattr(ScriptRunner, RUN)
    ignore_left_pages()
    assert not hasattr(ScriptRunner, RUN)
