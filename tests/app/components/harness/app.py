"""A page for each component, set up by query parameters, that prints what reached Python."""

from __future__ import annotations

import json

import streamlit as st

from app.components import Series, code_editor, player
from gpu_agent.check import check_code
from gpu_agent.contract import EXAMPLE
from tests.app.components.harness.codec import BASELINE

PLANES = {
    "two": ("/frames/{frame}/source.planes.png", "/frames/{frame}/decoded.planes.png", None),
    "three": tuple(f"/frames/{{frame}}/{kind}.planes.png" for kind in ("source", "decoded", "original")),
    "gone": ("/frames/9{frame}/source.planes.png", "/frames/{frame}/decoded.planes.png", None),
}


def say(**values: object) -> None:
    """Where the tests read it: one element for all that one run of the page has to say, JSON."""
    st.html(f'<output hidden data-testid="told">{json.dumps(values).replace("<", "&lt;")}</output>')


def editor_page() -> None:
    state = st.session_state
    state.setdefault("draft", EXAMPLE)
    state.setdefault("revision", 0)
    state.setdefault("submits", [])
    state.setdefault("clicked", [])
    with st.container(horizontal=True):
        show_diff = st.toggle("Diff")
        read_only = st.toggle("Read only")
        hidden = st.toggle("Hide")
        if st.button("Rerun"):
            state["clicked"].append(state["draft"])
        if st.button("Replace"):
            state["revision"] += 1
            state["draft"] = f"# revision {state['revision']}\n" + EXAMPLE

    shown = {}
    if not hidden:
        edited = code_editor(
            state["draft"],
            key="codec",
            revision=state["revision"],
            baseline=state.get("baseline", BASELINE),
            show_diff=show_diff,
            diagnostics=check_code(state["draft"]).diagnostics,
            read_only=read_only,
            height=int(st.query_params.get("height", 440)),
            submit_label="dispatch",
            on_text=lambda text: state.update(draft=text),
            on_submit=lambda text: state["submits"].append(text),
            on_baseline=lambda text: state.update(baseline=text),
        )
        shown["text"] = edited.text
    kept = {name: state.get(name) for name in ("draft", "baseline", "submits", "clicked")}
    say(**shown, **kept)


def player_page() -> None:
    state = st.session_state
    query = st.query_params
    num, den = (int(v) for v in query.get("fps", "25/1").split("/"))
    frames = int(query.get("frames", 60))
    width, height = (int(v) for v in query.get("size", "320x180").split("x"))
    state["runs"] = state.get("runs", 0) + 1
    bits = [40_000 if n % 12 == 0 else 6_000 + 900 * (n % 7) for n in range(frames)]
    psnr = [38 + 2 * ((n * 7) % 11) / 11 - (4 if n == 37 else 2 if n == 12 else 0) for n in range(frames)]
    series = [Series("Decoded", psnr, bits)]
    if "two" in query:
        own = [v + 1.5 - (9 if n == 20 else -12 if n == 30 else 0) for n, v in enumerate(psnr)]
        series.insert(0, Series("x264", own, [b + 4000 for b in bits], side="a"))
    if "fetched" in query:
        series = [Series("Elsewhere", side="a", url="/series.json")]
    with st.container(horizontal=True):
        st.button("Rerun")
        st.text_input("Note", width=200)
        if st.button("Seek to 21"):
            state["seek"] = {"frame": 21, "nonce": state["runs"]}
        hidden = st.toggle("Hide")
        other = st.toggle("Other point")
    shown = {}
    if not hidden:
        played = player(
            f"/clips/{query.get('a', 'source.mp4')}",
            f"/clips/{'source.mp4' if other else query.get('b', 'decoded.mp4')}",
            fps=(num, den),
            frames=frames,
            width=width,
            height=height,
            key="compare",
            label_b="Decoded, rate 27",
            seek=state.get("seek"),
            exact_url="/frames/{frame}/{kind}.png" if "exact" in query else None,
            planes_url=PLANES[query["planes"]] if "planes" in query else None,
            blind="blind" in query,
            waits=("", "Decoded is made again."),
            series=series if {"series", "fetched"} & set(query) else [],
        )
        shown["frame"] = played.frame
    say(**shown, runs=state["runs"])


st.set_page_config(page_title="Harness", layout="wide")
pages = [
    st.Page(editor_page, title="Editor", url_path="editor", default=True),
    st.Page(player_page, title="Player", url_path="player"),
]
st.navigation(pages, position="top").run()
