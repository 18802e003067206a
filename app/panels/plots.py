"""A chart on a page: what all have in common, and what is otherwise under a finger."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
IN_HAND = {"displayModeBar": False}
"""A finger never hovers, so Plotly would show its buttons all the time, over the curves."""


def chart(figure: go.Figure, *, config: dict[str, Any] = CONFIG, **options: Any) -> Any:
    """As `st.plotly_chart`. On a phone a finger that is drawn over it scrolls the page.

    Not over one with `on_select`: Streamlit makes the finger move such a chart itself.
    """
    if in_hand():
        figure, config = go.Figure(figure).update_layout(dragmode=False), config | IN_HAND
    return st.plotly_chart(figure, theme=None, config=config, **options)


def in_hand() -> bool:
    """Whether the browser says that it is a phone's: "Mobi" is what all of them have in their names."""
    return "Mobi" in st.context.headers.get("User-Agent", "")
