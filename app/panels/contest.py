"""Parts of the compare page: sentences, curves, matrix, speed, settings, code."""

from __future__ import annotations

from fractions import Fraction
from urllib.parse import urlencode

import streamlit as st

from app.charts.bdmatrix import matrix_figure
from app.charts.rd import rd_figure
from app.charts.series import Curve, contender_curves
from app.charts.speedrate import speed_rate_figure
from app.charts.theme import slots
from app.panels.badges import AUDIT_COLUMN
from app.panels.compare_player import show_clicked
from app.panels.plots import chart
from app.results.contender import Choice, Contender, Footage, write_picks
from app.results.format import escape_markdown, listed, plural, short
from app.results.metrics import metric
from app.results.overview import NO_DECODER, overview
from app.results.pairs import QUALITIES, matrix, refusals, sentences
from app.results.settings_table import settings_table
from app.results.sidebyside import diff, html

PARAMETER = "with"
FILES = (
    ("Report (HTML)", "html", "One file with everything: interactive charts, exact frames, matrix, sentences, diff"),
    ("CSV", "csv", "A line a point, all figures"),
    ("JSON", "json", "Points, pairs with overlap and refusals, settings, sentences"),
)
LEAD = 3
"""Sentences shown before the rest is one click away."""

OVERVIEW = {
    "name": st.column_config.TextColumn("Compared", width="large"),
    "what": st.column_config.TextColumn("What", width=140),
    "status": st.column_config.TextColumn("Status", width=100),
    "clips": st.column_config.TextColumn("Clips", width="medium"),
    "decoder": st.column_config.TextColumn("Decoder", help=f"The code, compressed. {NO_DECODER}", width=90),
    "encode": st.column_config.TextColumn(
        "Encode", help="All frames over all seconds of encode, every clip and point", width=90
    ),
    "decode": st.column_config.TextColumn(
        "Decode", help="All frames over all seconds of decode, every clip and point", width=90
    ),
    "audit": AUDIT_COLUMN,
    "open": st.column_config.LinkColumn("", display_text="Open", width="small"),
}


def overview_table(choice: Choice) -> None:
    lines = overview(choice)
    unseen = [c for c in ("audit", "open") if not any(r[c] for r in lines)]
    shown = [{k: v for k, v in r.items() if k not in unseen} for r in lines]
    st.dataframe(shown, column_config=OVERVIEW, hide_index=True, height="content", key="overview")


def verdicts(choice: Choice, quality: str) -> None:
    """A sentence for each pair, those with figures first."""
    said = sentences(choice, quality)
    if not said:
        return
    lines = [f"- {escape_markdown(text)}" for text in said]
    st.markdown("\n".join(lines[:LEAD]) if len(said) > 1 else f"**{escape_markdown(said[0])}**")
    if len(said) > LEAD:
        with st.expander(f"All {plural(len(said), 'pair')}"):
            st.markdown("\n".join(lines[LEAD:]))


def slots_of(choice: Choice) -> dict[str, int]:
    """The same colour for each of the chosen in every chart of the page."""
    rated = [c.label for c in choice.contenders if c.kind != "source"]
    own = next((c.label for c in choice.contenders if c.kind == "experiment"), None)
    return slots(rated, own)


def all_curves(choice: Choice) -> list[Curve]:
    return [curve for contender in choice.contenders for curve in contender_curves(choice, contender)]


def curves_panel(choice: Choice, footage: Footage | None, qualities: list[str], dark: bool) -> None:
    """Rate-distortion curves: of one clip a chart a metric, of all clips a facet a clip. A click shows its point."""
    curves = all_curves(choice)
    clips = None if footage is None else [choice.named(footage)]
    columns = st.columns(2, gap="medium") if len(qualities) > 1 else [st.container()]
    drawn = 0
    for quality in qualities:
        figure = rd_figure(
            curves,
            quality,
            clips=clips,
            slot_of=slots_of(choice),
            dark=dark,
            height=330 if len(qualities) > 1 else None,
        )
        if figure is not None:
            with columns[drawn % len(columns)]:
                key = f"compare-rd-{quality}"
                chart(
                    figure,
                    key=key,
                    on_select=lambda key=key: show_clicked(choice, key),
                    selection_mode="points",
                    alt=f"{metric(quality).label} over bit rate of the compared",
                )
            drawn += 1
    if not drawn:
        st.caption(f"None of the chosen has {' or '.join(metric(q).label for q in qualities)} here.")


def missing_notes(choice: Choice, footage: Footage | None) -> None:
    """Who has no curve, and why: nothing is left out without a word."""
    notes = []
    for contender in choice.contenders:
        if contender.kind == "source":
            continue
        whys: dict[str, list[str]] = {}
        for f in [footage] if footage else choice.footage:
            on = contender.on(f)
            if not on.rows:
                whys.setdefault(on.missing or "", []).append(choice.named(f))
        if whys:
            where = lambda clips: "" if len(choice.footage) == 1 or footage else f" ({listed(clips)})"
            notes.append(f"“{contender.label}” has no curve: {'; '.join(w + where(c) for w, c in whys.items())}.")
    if notes:
        st.caption("  \n".join(f":material/info: {escape_markdown(text)}" for text in notes))
    sources = [c.label for c in choice.contenders if c.kind == "source"]
    if sources:
        st.caption(
            f":material/info: {escape_markdown(', '.join(sources))}: a source has no bits, so it is in no curve "
            "and no figure; it is there to be looked at."
        )


def matrix_panel(choice: Choice, quality: str, dark: bool) -> None:
    """The matrix, and each refusal in a line."""
    pairs = matrix(choice, quality)
    labels = list(dict.fromkeys(test for test, _ in pairs))
    figure = matrix_figure(labels, pairs, dark)
    if figure is None:
        return
    st.markdown(
        f"**BD-rate, each against each at equal {metric(quality).label}**",
        help="How many more (+) or fewer (−) bits the row needs than the column at equal quality: PCHIP, per clip over "
        "the quality that both reach, then the mean over the clips that both measured on the same frames. Overlap is "
        "the share of the row's quality range that the column reaches too. A dash is refused, and why is below. "
        + metric(quality).variant,
    )
    width, key = 240 + 110 * len(labels), f"compare-matrix-{quality}"
    # On a narrow screen the names would lie over one another: it is as wide as it must be, and scrolls.
    st.html(f"<style>.st-key-{key} {{overflow-x: auto}} .st-key-{key} > * {{min-width: {width}px}}</style>")
    chart(
        figure,
        key=key,
        width=width,
        config={"displayModeBar": False},
        alt="BD-rate matrix",
    )
    refused = refusals(pairs)
    if refused:
        with st.expander("Why a dash" if len(refused) == 1 else "Why the dashes"):
            st.markdown("\n".join(f"- {escape_markdown(short(text, 400))}" for text in refused))


def speed_panel(choice: Choice, footage: Footage, dark: bool) -> None:
    curves = [c for c in all_curves(choice) if c.clip == choice.named(footage)]
    fps = Fraction(footage.fps) if footage.fps else None
    figure = speed_rate_figure(curves, fps, slots_of(choice), dark)
    if figure is not None:
        chart(figure, key="compare-speed", alt="Encode and decode speed over bit rate")


def settings_panel(choice: Choice) -> None:
    """Experiments' parameters and environment, then the anchors' exact settings."""
    experiments = [c for c in choice.contenders if c.experiment is not None]
    anchors = [c for c in choice.contenders if c.anchor is not None]
    if experiments:
        only = st.toggle("Differences only", value=True, key="differences-only", disabled=len(experiments) < 2)
        rows = settings_table(experiments, only and len(experiments) > 1)
        if rows:
            shown = [{k: text_of(v) if k != "Setting" else v for k, v in r.items()} for r in rows]
            st.dataframe(shown, hide_index=True, height="content" if len(rows) < 14 else 460, key="settings-table")
        else:
            st.caption("Parameters and environment are the same.")
    if anchors:
        st.dataframe(
            [{k: text_of(v) if k != "Setting" else v for k, v in r.items()} for r in settings_table(anchors, False)],
            hide_index=True,
            height="content",
            key="anchor-settings",
        )


def text_of(value: object) -> str:
    return "–" if value is None else str(value)


def code_panel(choice: Choice) -> None:
    """The codes of two of the experiments in two columns."""
    experiments = {c.key: c for c in choice.contenders if c.experiment is not None}
    if len(experiments) < 2:
        st.caption("Choose two experiments to see what differs in their code.")
        return
    keys = list(experiments)
    label = lambda key: experiments[key].label
    left, right = st.columns(2)
    before = left.selectbox("Before", keys, 0, format_func=label, key=f"diff-before-{'-'.join(keys)}")
    after = right.selectbox("After", keys, 1, format_func=label, key=f"diff-after-{'-'.join(keys)}")
    a, b = experiments[before], experiments[after]
    found = code_diff(a.experiment.code, b.experiment.code)
    if found.same:
        st.caption("The code is the same, letter for letter.")
        return
    cut = " Only the first lines of these long codes are compared." if found.cut else ""
    st.caption(f"{plural(found.added, 'line')} added, {found.removed} removed.{cut}")
    with st.container(border=True, height=620 if len(found.lines) > 26 else "content", key="code-diff"):
        st.html(html(found, a.label, b.label))


@st.cache_data(max_entries=32, show_spinner=False)
def code_diff(before: str, after: str):
    return diff(before, after)


def take_away(choice: Choice) -> None:
    """The comparison as files, made when they are asked for."""
    query = urlencode({PARAMETER: write_picks(c.pick for c in choice.contenders)})
    with st.container(horizontal=True, vertical_alignment="center", key="take-away"):
        for label, kind, text in FILES:
            st.link_button(
                label, f"/comparison/report.{kind}?{query}", icon=":material/download:", type="tertiary", help=text
            )


def first_footage(choice: Choice, wanted: Footage | None) -> Footage | None:
    """The wanted one, else the first on which something was measured."""
    if wanted is not None:
        return wanted
    return next((f for f in choice.footage if any(c.on(f).rows for c in choice.contenders)), None) or next(
        iter(choice.footage), None
    )


def metrics_there(choice: Choice) -> list[str]:
    """The qualities that at least one point has."""
    return [q for q in QUALITIES if any(has(c, q) for c in choice.contenders)]


def has(contender: Contender, quality: str) -> bool:
    return any(getattr(r, quality) is not None for o in contender.clips.values() for r in o.rows)
