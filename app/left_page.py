"""What a page still says after it was left is not listened to.

`st.switch_page` runs the next page before the browser knows of it. Where a part of the old page speaks meanwhile, such as
a player that tells its first frame, Streamlit would run that part after the next page, under the old page's name, find
nothing to run, and leave the browser with an empty page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from app.wrapping import wrap

RUN = "_run_script"
"""Streamlit's own method that runs a page or parts of one, as its argument says."""


def ignore_left_pages() -> None:
    """From now on, for every session. Nothing happens where a Streamlit runs pages otherwise."""
    wrap(ScriptRunner, RUN, guarded)


def guarded(run: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @wraps(run)
    def run_unless_left(runner: Any, asked: Any) -> None:
        if not is_left(asked, runner._pages_manager.current_page_script_hash):
            run(runner, asked)

    return run_unless_left


def is_left(asked: Any, now: str) -> bool:
    """Whether parts of another page than the one that ran last (`now`) are asked for; a whole page may always be."""
    return bool(asked.fragment_id_queue and asked.page_script_hash and now and asked.page_script_hash != now)
