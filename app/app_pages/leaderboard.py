"""Leaderboard: the best codecs on the same frames, and the front of bits against decode time or decoder size."""

from __future__ import annotations

import streamlit as st

from app.charts.pareto import Spot, pareto_figure
from app.components import soon
from app.panels.agent import agent_notice
from app.panels.badges import AUDIT_COLUMN
from app.panels.choice import go_compare
from app.panels.plots import chart
from app.results.contender import LABELS, MOST, Pick
from app.results.format import escape_markdown, plural, seconds, short, size
from app.results.leaderboard import COSTS, Board, ClipSet, Cost, Entry, anchors_there, badge_words, board, clip_sets
from app.results.listing import ORIGINS
from app.results.verdict import more_or_fewer
from app.services import services

SHOWN = 200
ROW, HEAD, ROWS = 35, 38, 12  # pixels of a row and of the head, and how many rows are seen at once
COST_TITLES: dict[Cost, str] = {
    "decode": "Decode time (ms a frame), logarithmic",
    "decoder": "Decoder size (bytes, compressed code), logarithmic",
}
COLUMNS = {
    "rank": st.column_config.NumberColumn("#", width=50),
    "title": st.column_config.TextColumn("Codec", width=260),
    "percent": st.column_config.NumberColumn(
        "BD-rate (%)", format="%+.1f", help="Bits at equal PSNR-YUV against the anchor, mean over the clips"
    ),
    "front": st.column_config.TextColumn("Front", help="Nobody needs fewer bits at less of the chosen cost", width=60),
    "decode": st.column_config.NumberColumn("Decode (ms/frame)", format="%.1f", help="Median of the code's runs"),
    "encode": st.column_config.NumberColumn("Encode (ms/frame)", format="%.1f", help="Median of the code's runs"),
    "decoder": st.column_config.NumberColumn("Decoder (bytes)", format="%d", help="The code, compressed"),
    "audit": AUDIT_COLUMN,
    "runs": st.column_config.NumberColumn(
        "Runs", help="This very code on these frames: first run and reruns", width=60
    ),
    "origin": st.column_config.TextColumn("Origin", width=140),
    "created": st.column_config.DatetimeColumn("Created", format="distance", width=110),
    "why": st.column_config.TextColumn("Why not ranked", width="large"),
}
s = services()


def controls(sets: list[ClipSet]) -> tuple[ClipSet, str | None, Cost]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="board-controls"):
        by_name = {c.name: c for c in sets}
        names = list(by_name)
        keep_valid("clips", names)
        chosen = st.selectbox(
            "Clips (frames)",
            names,
            key="clips",
            bind="query-params",
            width=420,
            help="Only experiments that measured the very same frames are ranked against one another.",
        )
        there = anchors_there([o for o in outlines if o.status == "succeeded"])
        keep_valid("anchor", there)
        anchor = (
            st.selectbox(
                "Bits against",
                there,
                format_func=lambda n: LABELS.get(n, n),
                key="anchor",
                bind="query-params",
                width=240,
            )
            if there
            else None
        )
        keep_valid("cost", list(COSTS))
        cost = st.segmented_control(
            "Cost", list(COSTS), default="decode", required=True, format_func=COSTS.get, key="cost", bind="query-params"
        )
    return by_name[chosen], anchor, cost


def keep_valid(key: str, options: list[str]) -> None:
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)


def front_chart(found: Board, anchor: str, cost: Cost) -> None:
    label, on_front = LABELS.get(anchor, anchor), set(found.front)
    spots = [
        Spot(e.outline.id, short(e.outline.title, 80), e.percent, own, said(cost, own), e.outline.id in on_front)
        for e in found.ranked
        if (own := e.cost(cost)) is not None
    ]
    figure = pareto_figure(spots, COST_TITLES[cost], label, dark=st.context.theme.type == "dark")
    if figure is None:
        return
    st.markdown(f"**Bits against {COSTS[cost].lower()}**", help="A click on a point opens its experiment.")
    event = chart(
        figure,
        key=f"front-{anchor}-{cost}",
        on_select="rerun",
        selection_mode="points",
        alt=f"Bits against {label} over {COSTS[cost].lower()}",
    )
    clicked = next((p["customdata"][0] for p in event.selection.points if p.get("customdata")), None)
    if clicked:
        st.switch_page("app_pages/experiment.py", query_params={"id": clicked})


def said(cost: Cost, value: float) -> str:
    return f"{seconds(value / 1000)} to decode a frame" if cost == "decode" else f"decoder {size(value)}"


def line(e: Entry, rank: int | None, front: set[str]) -> dict[str, object]:
    f = e.outline.facts
    return {
        "rank": rank,
        "title": e.outline.title,
        "percent": e.percent,
        "front": "●" if e.outline.id in front else "",
        "decode": e.decode_ms,
        "encode": e.encode_ms,
        "decoder": f.decoder_bytes,
        "audit": badge_words(e.outline),
        "runs": e.runs,
        "origin": ORIGINS[f.kind],
        "created": e.outline.created_at,
        "why": e.why or "",
    }


def ranking(found: Board, anchor: str) -> None:
    if not found.ranked:
        st.caption(f"Nothing is ranked against {LABELS.get(anchor, anchor)} on these frames yet; why is below.")
        return
    shown = found.ranked[:SHOWN]
    rows = [line(e, at, set(found.front)) for at, e in enumerate(shown, 1)]
    unseen = ["why"] + (["audit"] if not any(r["audit"] for r in rows) else [])
    event = st.dataframe(
        [{k: v for k, v in row.items() if k not in unseen} for row in rows],
        key=f"ranking-{anchor}-{shown[0].outline.id}-{len(shown)}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        column_config=COLUMNS,
        height=HEAD + ROW * min(ROWS, len(rows)),
        alt="Codecs, fewest bits first",
    )
    if len(found.ranked) > SHOWN:
        st.caption(f"The best {SHOWN} of {len(found.ranked)}.")
    act_on([shown[at] for at in sorted(event.selection.rows) if at < len(shown)], anchor)


def act_on(chosen: list[Entry], anchor: str) -> None:
    if not chosen:
        st.caption(f"Tick one row to open it, up to {MOST - 1} to compare them.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="board-actions"):
        if len(chosen) == 1 and st.button("Open", type="primary", icon=":material/open_in_new:"):
            st.switch_page("app_pages/experiment.py", query_params={"id": chosen[0].outline.id})
        if len(chosen) < MOST and st.button("Compare", icon=":material/compare_arrows:"):
            go_compare([*(Pick("experiment", e.outline.id) for e in chosen), Pick("anchor", anchor)])


def apart(entries: list[Entry], title: str, icon: str, text: str) -> None:
    """Those that are not ranked, with the reason for each."""
    if not entries:
        return
    with st.expander(f"{title} ({len(entries)})", icon=icon):
        st.caption(text)
        rows = [line(e, None, set()) for e in entries[:SHOWN]]
        keep = ("title", "why", "decode", "decoder", "audit", "runs", "created")
        st.dataframe(
            [{k: row[k] for k in keep} for row in rows], column_config=COLUMNS, hide_index=True, key=f"apart-{title}"
        )


def below(found: Board, anchor: str, cost: Cost) -> None:
    """The chart, and what is under it: drawn when the ranking stands. Plotly's script alone takes half a second."""

    def rest() -> None:
        front_chart(found, anchor, cost)
        apart(
            found.held,
            "Not ranked",
            ":material/back_hand:",
            "Held by the audit until somebody looked, or not measured by this lab in a jail. Facts are shown; nobody is "
            "accused.",
        )
        apart(found.unranked, "Without a figure", ":material/help:", "Finished, but no BD-rate can be said of them.")

    @st.fragment(key="leaderboard-below")
    def body() -> None:
        soon.below(rest, key="leaderboard-drawn")

    body()


agent_notice(s)
outlines = s.outlines()
sets = clip_sets(outlines)
if not sets:
    st.info(
        "Nothing to rank yet. Dispatch a codec in the lab: once it is measured, and the anchors on the same frames, it "
        "stands here.",
        icon=":material/leaderboard:",
    )
    st.page_link("app_pages/lab.py", label="Go to the lab", icon=":material/science:")
    st.stop()
clips, anchor, cost = controls(sets)
if anchor is None:
    st.info("No anchor is measured yet: the agent does that while no codec runs.", icon=":material/hourglass_top:")
    anchor = "x264-medium"
found = board(outlines, clips.key, anchor, cost)
if found.ranked:
    best = found.ranked[0]
    place = f"leads {plural(len(found.ranked), 'codec')}" if len(found.ranked) > 1 else "is the only codec"
    sentence = (
        f"“{short(best.outline.title, 80)}” {place} on {clips.name}: it needs {more_or_fewer(best.percent)} "
        f"{LABELS.get(anchor, anchor)}."
    )
    st.markdown(f"**{escape_markdown(sentence)}**")
ranking(found, anchor)
below(found, anchor, cost)
