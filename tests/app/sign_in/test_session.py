"""The person's menu and the way out, as a page runs them."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.sign_in import session


class User(dict):
    def to_dict(self):
        return dict(self)


def page():
    import streamlit as st

    from app.sign_in.session import signed_in

    st.text(str(list(signed_in())))


@pytest.fixture
def run(monkeypatch):
    """A page for this person, in one session; `sent` counts how often the browser was sent to the way out."""
    sent = []
    monkeypatch.setattr(st, "logout", lambda: sent.append("out"))
    test = AppTest.from_function(page, default_timeout=60)

    def run_(**person):
        monkeypatch.setattr(st, "user", User(person))
        test.run()
        assert not test.exception
        return test, sent

    return run_


def test_nobody_has_a_menu_where_nobody_signs_in(run):
    assert run(email="test@example.com")[0].text[0].value == "[]"


def test_the_name_is_text_and_short(run):
    test, _ = run(is_logged_in=True, name="**Ada** Lovelace, Countess of a very long name indeed")
    assert "\\*\\*Ada\\*\\*" in test.text[0].value.encode().decode("unicode_escape")
    assert "indeed" not in test.text[0].value
    assert "ada@example.com" in run(is_logged_in=True, name="", email="ada@example.com")[0].text[0].value


def test_a_page_that_does_not_know_the_person_shows_nothing(run):
    test, _ = run(is_logged_in=False)
    assert not test.text
    assert "Load it again" in test.error[0].value


def test_signing_out_goes_on_until_the_browser_has_gone(run):
    """A run that begins meanwhile drops Streamlit's message, so each one sends it again, and shows nothing else."""
    test, sent = run(is_logged_in=True, name="Ada")
    test.session_state[session.LEAVING] = True
    for times in (1, 2):
        test, sent = run(is_logged_in=False)
        assert len(sent) == times
        assert not test.text
        assert not test.error
