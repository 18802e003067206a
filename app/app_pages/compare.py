"""Compare anything with anything: two to eight experiments, anchors and sources, on the same frames only."""

from __future__ import annotations

import streamlit as st

from app.components import soon
from app.panels.agent import agent_notice
from app.panels.choice import chooser, load
from app.panels.compare_player import player_slot
from app.panels.contest import (
    code_panel,
    curves_panel,
    first_footage,
    matrix_panel,
    metrics_there,
    missing_notes,
    overview_table,
    settings_panel,
    speed_panel,
    take_away,
    verdicts,
)
from app.results.contender import Choice, Footage
from app.results.format import short
from app.results.metrics import metric
from app.services import services

ALL_CLIPS, ALL_METRICS = "All clips", "All four"
s = services()


def empty() -> None:
    st.info(
        "Choose two to eight experiments, anchors or sources above. The curves are drawn over one another, each is "
        "rated against each, and the decoded videos are played side by side. Experiments can also be ticked in the "
        "list and compared from there.",
        icon=":material/compare_arrows:",
    )
    st.page_link("app_pages/experiments.py", label="All experiments", icon=":material/table_rows:")


def choose_clip(choice: Choice) -> Footage | None:
    """None: all clips."""
    by_name = {choice.named(f): f for f in choice.footage}
    if len(by_name) < 2:
        return next(iter(by_name.values()), None)
    options = [*by_name, ALL_CLIPS]
    if st.session_state.get("clip") not in options:
        st.session_state.pop("clip", None)
    wanted = st.segmented_control(
        "Clip",
        options,
        default=options[0],
        required=True,
        format_func=lambda name: short(name, 40),
        key="clip",
        bind="query-params",
    )
    return by_name.get(wanted)


def choose_quality(choice: Choice, several: bool) -> str:
    options = metrics_there(choice)
    if several and len(options) > 1:
        options = [*options, ALL_METRICS]
    if not options:
        return "psnr_yuv"
    if st.session_state.get("quality") not in options:
        st.session_state.pop("quality", None)
    return st.segmented_control(
        "Quality",
        options,
        default=options[0],
        required=True,
        format_func=lambda q: q if q == ALL_METRICS else metric(q).label,
        key="quality",
        bind="query-params",
        help="\n".join(f"- {metric(q).variant}" for q in options if q != ALL_METRICS),
    )


def page(choice: Choice) -> None:
    """Everything below the choice. A fragment: another clip or metric draws this part alone."""

    @st.fragment(key="comparison")
    def body() -> None:
        dark = st.context.theme.type == "dark"
        with st.container(horizontal=True, vertical_alignment="bottom", key="compare-controls"):
            footage = choose_clip(choice)
            quality = choose_quality(choice, several=footage is not None)
        rated = "psnr_yuv" if quality == ALL_METRICS else quality
        verdicts(choice, rated)
        curves_panel(choice, footage, metrics_there(choice) if quality == ALL_METRICS else [quality], dark)
        missing_notes(choice, footage)
        below(choice, footage, rated, dark)

    body()


def below(choice: Choice, footage: Footage | None, rated: str, dark: bool) -> None:
    """What is below the first screen: drawn when that stands."""

    def rest() -> None:
        matrix_panel(choice, rated, dark)
        one = first_footage(choice, footage)
        if one is not None:
            with st.container(border=True, key="compare-player"):
                player_slot(s, choice, one)
            speed_panel(choice, one, dark)
        st.markdown("**Parameters and environment**")
        settings_panel(choice)
        st.markdown("**Code**")
        code_panel(choice)

    @st.fragment(key="comparison-below")
    def body() -> None:
        soon.below(rest, key="comparison-drawn")

    body()


agent_notice(s)
picks = chooser(s)
if not picks:
    empty()
    st.stop()
choice = load(s, picks)
if not choice.contenders:
    empty()
    st.stop()
overview_table(choice)
if len(choice.contenders) < 2:
    st.caption("One alone: choose a second to compare it with.")
take_away(choice)
page(choice)
