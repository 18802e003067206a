from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.panels import press


def page():
    import streamlit as st

    from app.panels import press

    press.button("Go", key="go")
    if not st.session_state.get("short"):
        st.text("went" if press.taken("go") else "waits")


@pytest.fixture
def test() -> AppTest:
    return AppTest.from_function(page).run()


def said(test: AppTest) -> list[str]:
    return [text.value for text in test.text]


def test_a_press_is_taken_once(test):
    assert said(test) == ["waits"]
    assert said(test.button[0].click().run()) == ["went"]
    assert said(test.run()) == ["waits"]


def test_a_press_waits_for_the_run_that_comes_to_it(test):
    test.session_state["short"] = True
    assert said(test.button[0].click().run()) == []
    test.session_state["short"] = False
    assert said(test.run()) == ["went"]


def test_a_press_on_a_page_that_was_left_is_no_surprise_later(test, monkeypatch):
    test.session_state["short"] = True
    test.button[0].click().run()
    monkeypatch.setattr(press, "STALE_SECONDS", 0.0)
    test.session_state["short"] = False
    assert said(test.run()) == ["waits"]
