"""The codec editor: CodeMirror 6 with Python, the contract check in its gutter and a diff to accept or reject.

The browser owns the text while it is edited. A rerun never touches it; only another `revision` replaces it, as one
step that undo takes back. A revision should be unique over sessions (a draft's id and a counter, say): the browser
keeps the document of a key when the element goes away, and shows it again where key and revision are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from gpu_agent.check import Diagnostic

from ..modules import link

HERE = Path(__file__).parent
BUNDLE = HERE / "codemirror.bundle.js"

_BUNDLE_URL = f"/assets/{BUNDLE.name}?v={hashlib.sha256(BUNDLE.read_bytes()).hexdigest()[:12]}"
_DEBOUNCE_MS = 300

_mount = st.components.v2.component(
    "codec_lab.editor",
    html=(HERE / "editor.html").read_text("utf-8"),
    css=(HERE / "editor.css").read_text("utf-8"),
    js=link(HERE / "main.js"),
)


class Edited(NamedTuple):
    """What the editor holds. `baseline` differs from the given one where changes were accepted into it.

    `submitted` is the text of a Ctrl+Enter in this very run, else None.
    """

    text: str
    baseline: str | None
    submitted: str | None


def code_editor(
    text: str,
    *,
    key: str,
    revision: int | str,
    baseline: str | None = None,
    show_diff: bool = False,
    diagnostics: Iterable[Diagnostic] = (),
    read_only: bool = False,
    height: int = 520,
    label: str = "Codec, Python",
    submit_label: str = "run",
    on_text: Callable[[str], None] | None = None,
    on_submit: Callable[[str], None] | None = None,
    on_baseline: Callable[[str], None] | None = None,
) -> Edited:
    """Show the editor and return what it holds.

    `text` is used when `revision` is new to the browser, and otherwise ignored. `height` is the first height in CSS
    pixels; a person may drag it. `submit_label` completes "Ctrl+Enter to …". The callbacks run before the rerun's
    script: `on_text` with every change that reached Python (300 ms after the last key, or when the editor loses the
    focus), `on_submit` with the newest text, `on_baseline` with the baseline after a change was accepted.
    """

    def held() -> dict[str, str]:
        edit = (st.session_state.get(key) or {}).get("edit")
        return edit if edit and edit["revision"] == revision else {"text": text, "baseline": baseline}

    def edited() -> None:
        edit = (st.session_state.get(key) or {}).get("edit")
        if not edit or edit["revision"] != revision:
            return  # typed into a document that Python has replaced since; undo in the browser still has it
        if on_text is not None:
            on_text(edit["text"])
        if on_baseline is not None and edit["baseline"] is not None and edit["baseline"] != baseline:
            on_baseline(edit["baseline"])

    def submitted() -> None:
        submit = (st.session_state.get(key) or {}).get("submit")
        if submit and submit["revision"] == revision and on_submit is not None:
            on_submit(submit["text"])

    result = _mount(
        key=key,
        data={
            "key": key,
            "text": text,
            "revision": revision,
            "baseline": baseline,
            "show_diff": show_diff,
            "diagnostics": [{"line": d.line, "message": d.message, "severity": d.severity} for d in diagnostics],
            "read_only": read_only,
            "height": height,
            "label": label,
            "submit_label": submit_label,
            "bundle_url": _BUNDLE_URL,
            "debounce_ms": _DEBOUNCE_MS,
        },
        default={"edit": None},
        on_edit_change=edited,
        on_submit_change=submitted,
    )
    now, submit = held(), result.submit
    asked = submit and submit["revision"] == revision  # else of a document that Python has replaced since
    return Edited(now["text"], now["baseline"], submit["text"] if asked else None)
