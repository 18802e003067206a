"""Who is signed in, as the pages show it, and the way out. The gate has let the person in already."""

from __future__ import annotations

from textwrap import shorten

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.results.format import escape_markdown

LONGEST_NAME = 32
LEAVING = "signing-out"


def signed_in() -> dict[str, list[StreamlitPage]]:
    """The menu with the person's name and the way out; nothing where nobody has to sign in. Stops a page that is left."""
    person = st.user.to_dict()
    if "is_logged_in" not in person:
        return {}
    if st.session_state.get(LEAVING):
        leave()
    if not person["is_logged_in"]:
        st.error("This page does not know who you are. Load it again.", icon=":material/lock:")
        st.stop()
    name = shorten(str(person.get("name") or person.get("email")), LONGEST_NAME, placeholder="…")
    return {escape_markdown(name): [st.Page(leave, title="Sign out", icon=":material/logout:", url_path="sign-out")]}


def leave() -> None:
    """Send the browser to the way out, at each run until it goes: a run that begins meanwhile drops the message."""
    st.session_state[LEAVING] = True
    st.logout()
    st.caption("Signing out…")
    st.stop()
