"""A press of a button that counts even where another run takes the place of the one that it began.

What Streamlit's button returns is said in one run of the script. Where a person presses and types on at once, the next
run may cut that one short before it comes to the button, and nothing happens. Callbacks run before the script, so they
note the press, and whichever run comes there takes it.
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

STALE_SECONDS = 10.0
"""A press that no run took for so long, as the page was left meanwhile, is not wanted any more."""


def button(label: str, *, key: str, **options: Any) -> None:
    """As st.button; `taken(key)` tells whether it was pressed."""
    st.button(label, key=key, on_click=note, args=(key,), **options)


def note(key: str) -> None:
    st.session_state[kept(key)] = time.monotonic()


def taken(key: str) -> bool:
    """Whether it was pressed; once for each press. Ask after all is drawn that stands before what is to be done: where
    this run is cut short in between, nothing has happened yet and the next run asks again."""
    at = st.session_state.pop(kept(key), None)
    return at is not None and time.monotonic() - at < STALE_SECONDS


def kept(key: str) -> str:
    return f"pressed-{key}"
