"""Upload of a clip: the browser sends the file straight to the lab's `/upload` route, which passes it on as it comes.

Streamlit's own uploader keeps the whole file in the server's memory; a clip may be larger than that.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "codec_lab.upload",
    html=(HERE / "upload.html").read_text("utf-8"),
    css=(HERE / "upload.css").read_text("utf-8"),
    js=(HERE / "main.js").read_text("utf-8"),
)


def clip_upload(*, key: str) -> str | None:
    """Show the drop area. Returns the catalogue's name of a clip in the one run after its upload, else None."""
    result = _mount(key=key, on_clip_change=lambda: None)
    return result.clip["name"] if result.clip else None
