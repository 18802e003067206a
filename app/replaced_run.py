"""A run that was replaced takes no click along.

For each click Streamlit tells the run that is under way to stop, and starts another at once. The one before may have
drawn everything by then and be about to end; at its end Streamlit takes back all clicks, also the one that the new run
has just begun with: a button that was pressed as the page was nearly whole did nothing. What a replaced run would tidy
up, the new one does at its own start and end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

from app.wrapping import wrap

FINISH = "_on_script_finished"
"""Streamlit's own method that tidies up after a run, unless the run was stopped early, as its argument says."""


def keep_clicks() -> None:
    """From now on, for every session. Nothing happens where a Streamlit ends runs otherwise."""
    wrap(ScriptRunner, FINISH, guarded)


def guarded(finish: Callable[..., None]) -> Callable[..., None]:
    @wraps(finish)
    def finish_unless_replaced(runner: Any, ctx: Any, event: Any, premature_stop: bool, *more: Any) -> None:
        finish(runner, ctx, event, premature_stop or is_replaced(runner), *more)

    return finish_unless_replaced


def is_replaced(runner: Any) -> bool:
    """Whether the runner was told to stop, which a run that ends by itself has not been."""
    return getattr(getattr(runner, "_requests", None), "_state", None) is ScriptRequestType.STOP
