"""What a page still says after it was left is not listened to.

`st.switch_page` runs the next page before the browser knows of it. Where a part of the old page speaks meanwhile, such as
a player that tells its first frame, Streamlit would run that part after the next page, under the old page's name, find
nothing to run, and leave the browser with an empty page.

Likewise where a person went to another page and the script is still busy: what a part of the old page asks for meanwhile,
such as a look at the queue that is taken every two seconds, would take the place of that wish, and the click be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

from app.wrapping import wrap

RUN = "_run_script"
"""Streamlit's own method that runs a page or parts of one, as its argument says."""
ASK = "_request_rerun_locked"
"""Streamlit's own method that adds what is asked for to what already waits to be run."""


def ignore_left_pages() -> None:
    """From now on, for every session. Nothing happens where a Streamlit runs pages otherwise."""
    wrap(ScriptRunner, RUN, guarded)
    wrap(ScriptRequests, ASK, waiting_guarded)


def guarded(run: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @wraps(run)
    def run_unless_left(runner: Any, asked: Any) -> None:
        if not is_left(asked, runner._pages_manager.current_page_script_hash):
            run(runner, asked)

    return run_unless_left


def waiting_guarded(ask: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    @wraps(ask)
    def ask_unless_leaving(requests: Any, asked: Any) -> bool:
        waiting = getattr(requests, "_rerun_data", None)  # of long ago, where nothing waits now
        if getattr(requests, "_state", None) is ScriptRequestType.RERUN and is_leaving(waiting, asked):
            return True
        return ask(requests, asked)

    return ask_unless_leaving


def is_leaving(waiting: Any, asked: Any) -> bool:
    """Whether a whole page is waited for, and parts of another are asked for."""
    return not parts(waiting) and is_left(asked, waiting.page_script_hash)


def is_left(asked: Any, now: str) -> bool:
    """Whether parts of another page than the one that ran last (`now`) are asked for; a whole page may always be."""
    return bool(parts(asked) and asked.page_script_hash and now and asked.page_script_hash != now)


def parts(asked: Any) -> Any:
    """What of a page is asked for; nothing where it is the whole page."""
    return asked.fragment_id or asked.fragment_id_queue
