"""Two experiments against one another: the sentence, the curves, what differs, the code diff."""

from __future__ import annotations

import streamlit as st

from app.charts.rd import rd_figure
from app.charts.series import curves_of, series_names
from app.results.compare import code_diff, compare, differences
from app.results.format import escape_markdown
from app.services import Services
from gpu_agent.measure.bdrate import Curve as RateCurve
from gpu_agent.measure.bdrate import bd_rate
from gpu_agent.models import Experiment


def between(anchor: list[tuple[float, float]], test: list[tuple[float, float]]) -> tuple[float | None, str | None]:
    found = bd_rate(RateCurve.of(anchor), RateCurve.of(test))
    return found.percent, found.reason


def compare_panel(services: Services, anchor: Experiment, test: Experiment) -> None:
    st.divider()
    names = series_names([anchor, test])
    result = compare(anchor, test, between, (names[0], names[1]))
    st.markdown(f"**{escape_markdown(result.sentence)}**")
    curves = curves_of(anchor, names[0], "parent") + curves_of(test, names[1])
    figure = rd_figure(curves, dark=st.context.theme.type == "dark")
    if figure is not None:
        st.plotly_chart(figure, key=f"compare-{anchor.id}-{test.id}", theme=None, config={"displaylogo": False})
    changed = differences(anchor, test)
    if changed:
        st.dataframe(
            [{"setting": name, names[0]: str(a), names[1]: str(b)} for name, a, b in changed],
            hide_index=True,
            key="differences",
        )
    diff = code_diff(anchor, test)
    with st.expander("Code", expanded=bool(diff), icon=":material/difference:"):
        st.code(diff, language="diff", height=420) if diff else st.caption("The code is the same.")
