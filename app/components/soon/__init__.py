"""Lets a page draw what is on its first screen before what is below it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_mount = st.components.v2.component("codec_lab.soon", html="<span></span>", js=(HERE / "main.js").read_text("utf-8"))


def soon(*, key: str) -> bool:
    """Whether to draw what is left out so far; stays True until the page is left.

    Put it last in a fragment, which runs again once the browser has drawn the rest of the page and is idle.
    """
    result = _mount(key=key, default={"drawn": False}, on_drawn_change=lambda: None, height=1)
    return bool(result.drawn)


def below(draw: Callable[[], None], *, key: str) -> None:
    """Draw this once what is above it stands. Call it last in a fragment, as `soon`."""
    place = st.container()
    if soon(key=key):
        with place:
            draw()
