"""Two experiments against one another: the sentence, the curves, what differs, the code diff."""

from __future__ import annotations

import streamlit as st

from app.charts.rd import rd_figure
from app.charts.series import curves_of, series_names
from app.panels.plots import chart
from app.results.compare import Comparison, code_diff, compare, differences
from app.results.format import escape_markdown, listed, percent
from gpu_agent.measure.bdrate import bd_rate, curve_from
from gpu_agent.models import Experiment


def between(anchor: list[tuple[float, float]], test: list[tuple[float, float]]) -> tuple[float | None, str | None]:
    """BD-rate of points (kbit/s, PSNR-YUV), or the reason why there is none."""
    found = bd_rate(curve_from(anchor), curve_from(test))
    return found.percent, found.reason


def compare_panel(anchor: Experiment, test: Experiment, key: str) -> None:
    """`test` against `anchor`, the older of the two or the parent."""
    names = series_names([anchor, test])
    result = compare(anchor, test, between, (f"“{names[0]}”", f"“{names[1]}”"))
    st.markdown(f"**{escape_markdown(result.sentence)}**")
    per_clip(result)
    curves = curves_of(anchor, names[0], "parent") + curves_of(test, names[1])
    figure = rd_figure(curves, dark=st.context.theme.type == "dark")
    if figure is not None:
        chart(figure, key=f"compare-{key}")
    changed = differences(anchor, test)
    if changed:
        st.markdown("**What differs**")
        st.dataframe(
            [{"Setting": name, names[0]: shown(a), names[1]: shown(b)} for name, a, b in changed],
            hide_index=True,
            key=f"differences-{key}",
            height="content" if len(changed) < 12 else 420,
        )
    diff = code_diff(anchor, test)
    if diff:
        with st.expander("Changes in the code", expanded=True, icon=":material/difference:"):
            st.code(diff, language="diff", height=420 if diff.count("\n") > 20 else "content")
    else:
        st.caption("The code is the same, letter for letter.")


def per_clip(result: Comparison) -> None:
    """A line per clip where there is more than one, or where one has no figure."""
    if len(result.clips) > 1:
        rows = [{"Clip": c.clip, "BD-rate": percent(c.percent), "Why not": c.reason or ""} for c in result.clips]
        if result.mean is not None:
            rows.append({"Clip": "Mean", "BD-rate": percent(result.mean), "Why not": ""})
        st.dataframe(rows, hide_index=True, height="content")
    if result.left_out:
        st.caption(escape_markdown(f"Only one of the two ran on {listed(result.left_out)}."))


def shown(value: object) -> str:
    return "–" if value is None else str(value)
