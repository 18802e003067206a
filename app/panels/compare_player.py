"""The pictures of a comparison: two of the chosen in the player, on the same frames."""

from __future__ import annotations

import streamlit as st

from app.panels.frames import play
from app.results.contender import Choice, Contender, Footage
from app.results.format import escape_markdown
from app.services import Services
from gpu_agent.models import ResultRow


def player_slot(services: Services, choice: Choice, footage: Footage) -> None:
    """The source and a decoded point of one of the chosen experiments on `footage`. Nothing where none has points."""
    able = [c for c in choice.contenders if c.experiment is not None and c.on(footage).rows]
    if not able:
        st.caption("No experiment among the chosen has decoded video of this clip.")
        return
    labels = {c.key: c.label for c in able}
    by_key = {c.key: c for c in able}
    controls, pictures = st.columns([3, 7], gap="medium")
    with controls:
        key = st.selectbox(
            "Decoded video of",
            list(labels),
            format_func=lambda k: escape_markdown(labels[k]),
            key=f"compare-player-of-{footage.sha256}-{footage.frames}",
        )
        row = choose_row(by_key[key], footage)
    with pictures:
        play(services, by_key[key].experiment, row, f"compare-{footage.sha256[:12]}-{footage.frames}")


def choose_row(contender: Contender, footage: Footage) -> ResultRow:
    rows = [r for r in contender.on(footage).rows if isinstance(r, ResultRow)]
    return rows[
        st.selectbox(
            "Point",
            range(len(rows)),
            index=len(rows) - 1,
            format_func=lambda i: f"rate {rows[i].rate:g}, {rows[i].kbps:.1f} kbit/s",
            key=f"compare-player-rate-{contender.key}-{footage.sha256}-{footage.frames}",
        )
    ]
