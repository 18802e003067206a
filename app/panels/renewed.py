"""Widgets whose value the app itself replaces: another one takes the place of the one that was there.

A value that is put into a widget's state reaches the browser only as the widget is drawn. Where a click cuts that run
short before, the browser still says the old value with it, and that one would count.
"""

from __future__ import annotations

import streamlit as st


def widget_key(name: str, draft_id: str) -> str:
    """The key of this draft's widget now."""
    turn = st.session_state.get(turns(name, draft_id), 0)
    return f"{name}-{draft_id}" + (f"-{turn}" if turn else "")


def renew(draft_id: str, *names: str) -> None:
    """From now on these are other widgets: with their defaults, or with what is put under their new keys."""
    for name in names:
        st.session_state[turns(name, draft_id)] = st.session_state.get(turns(name, draft_id), 0) + 1


def turns(name: str, draft_id: str) -> str:
    return f"{name}-turn-{draft_id}"
