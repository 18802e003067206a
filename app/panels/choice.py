"""Choosing what is compared. The URL holds the choice; the widgets only show and change it."""

from __future__ import annotations

import streamlit as st

from app.panels.anchors import published
from app.results.contender import LABELS, MOST, TITLE_LENGTH, Choice, Pick, choose, read_picks, write_picks
from app.results.format import escape_markdown, listed, short
from app.services import Services
from gpu_agent.store import Query

PARAMETER = "with"
FOUND = 30
"""Experiments offered at once: the newest, or the newest that match what is searched for."""
KINDS = {"experiment": "", "anchor": "Anchor: ", "source": ""}


def current_picks() -> list[Pick]:
    """The URL's; without one those that this tab compared last."""
    text = st.query_params.get(PARAMETER)
    if text is None and (text := st.session_state.get("compared-last")):
        st.query_params[PARAMETER] = text
    st.session_state["compared-last"] = text or ""
    return read_picks(text or "")[:MOST]


def chooser(services: Services) -> list[Pick]:
    """A search over all experiments beside the list of the chosen, which offers what was found, anchors and sources."""
    picks = current_picks()
    search, chosen = st.columns([3, 9], vertical_alignment="bottom")
    text = search.text_input(
        "Search experiments", key="compare-search", type="search", placeholder="title, id, clip or note"
    )
    found = services.store.page(Query(FOUND, text=text or None)).items
    names = {Pick("experiment", e.id): f"{short(e.title, TITLE_LENGTH) or e.id} · {e.id[-8:]}" for e in found}
    names |= {Pick("anchor", name): f"Anchor: {label}" for name, label in LABELS.items()}
    names |= {Pick("source", clip.name): f"Source: {clip.name}" for clip in services.clips()[0]}
    for pick in picks:
        if pick not in names:
            names[pick] = name_of(services, pick)
    st.session_state["compare-picks"] = picks
    chosen.multiselect(
        f"Compare two to {MOST} of",
        list(dict.fromkeys([*picks, *names])),
        key="compare-picks",
        format_func=lambda p: names.get(p, p.text),
        max_selections=MOST,
        placeholder="Experiments, anchors, sources",
        wrap=True,
        on_change=lambda: keep(st.session_state["compare-picks"]),
        help="Experiments are offered as far as the search finds them. Anchors are known encoders on the same frames. "
        "The address of this page holds the choice: bookmark or share it.",
    )
    if text:
        st.caption(
            f"{len(found)} experiments match and are in the list."
            if 0 < len(found) < FOUND
            else f"The newest {FOUND} matches are in the list."
            if found
            else "No experiment matches the search."
        )
    return picks


def name_of(services: Services, pick: Pick) -> str:
    known = services.store.get(pick.key) if pick.kind == "experiment" else None
    return f"{short(known.title, TITLE_LENGTH) or known.id} · {known.id[-8:]}" if known else pick.text


def keep(picks: list[Pick]) -> None:
    """Into the URL."""
    st.query_params[PARAMETER] = write_picks(picks)


def load(services: Services, picks: list[Pick]) -> Choice:
    """The contenders; says what is not there."""
    choice = choose(
        picks, services.store.get, lambda footage, anchor: published(services, footage, anchor), services.clips()[0]
    )
    if choice.unknown:
        gone = listed([f"“{short(p.key, 60)}”" for p in choice.unknown], MOST)
        st.warning(escape_markdown(f"Not here, and left out: {gone}."), icon=":material/search_off:")
    return choice


def go_compare(picks: list[Pick]) -> None:
    """Switch to the page with this choice."""
    st.switch_page("app_pages/compare.py", query_params={PARAMETER: write_picks(picks)})
