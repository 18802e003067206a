"""Brings a place of the page into view once, as after a dispatch: the run begins below the fold of a small screen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_mount = st.components.v2.component("codec_lab.reveal", html="<span></span>", js=(HERE / "main.js").read_text("utf-8"))


def reveal(nonce: str | None, *, key: str) -> None:
    """Scroll this place into view when `nonce` is new to the page; None never scrolls. Takes no room itself."""
    _mount(key=key, data={"nonce": nonce}, height=1)
