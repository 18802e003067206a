from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.session_state import Value, WidgetMetadata

from app.replaced_run import FINISH, guarded, keep_clicks

BUTTON = "$$ID-button"


@pytest.fixture
def requests():
    """Of a run that is about to end."""
    made = ScriptRequests()
    made.request_rerun(RerunData())
    made.on_scriptrunner_ready()
    return made


@pytest.fixture
def pressed() -> SessionState:
    """A session whose new run has just begun, with a click."""
    state = SessionState()
    state._new_widget_state[BUTTON] = Value(True)
    state._new_widget_state.widget_metadata[BUTTON] = WidgetMetadata(BUTTON, bool, bool, "trigger_value")
    return state


def end(requests: ScriptRequests, state: SessionState) -> None:
    finish = guarded(lambda runner, ctx, event, early, *more: early or state.on_script_finished(frozenset([BUTTON])))
    finish(SimpleNamespace(_requests=requests), None, None, False, "descriptor")


def test_a_run_that_was_replaced_leaves_the_click_of_the_new_one_alone(requests, pressed):
    requests.request_stop()
    end(requests, pressed)
    assert pressed._new_widget_state[BUTTON] is True


def test_a_run_that_ends_by_itself_takes_back_its_own_click(requests, pressed):
    end(requests, pressed)
    assert pressed._new_widget_state[BUTTON] is False


def test_streamlit_s_own_runner_is_guarded_once(monkeypatch):
    own = getattr(ScriptRunner, FINISH)
    monkeypatch.setattr(ScriptRunner, FINISH, own)
    keep_clicks()
    keep_clicks()
    assert getattr(ScriptRunner, FINISH).__wrapped__ is own
    monkeypatch.delattr(ScriptRunner, FINISH)
    keep_clicks()
    assert not hasattr(ScriptRunner, FINISH)
