"""The table of points, all figures one click away, and everything to take home."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from app.results import table
from gpu_agent.models import Experiment, ResultRow
from gpu_agent.road.afterwards import awaited
from gpu_agent.road.tools import rate_key

FILES = (
    ("bitstream", "bitstream.clb", "Bitstream"),
    ("preview", "preview.mp4", "Preview"),
    ("exact", "decoded.y4m", "Exact frames"),
)


def points(experiment: Experiment, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"points-head-{key}"):
        st.markdown("**Points**")
        full = st.toggle("All figures", key=f"all-figures-{key}")
        st.space("stretch")
        downloads(experiment, key)
    data = table.frame(experiment, headline=not full)
    columns = {
        c.key: st.column_config.NumberColumn(c.label, help=c.help, format=c.format)
        if c.format
        else st.column_config.Column(c.label, help=c.help)
        for c in table.columns(experiment, headline=not full)
    }
    for name, file, label in FILES:
        data[name] = [point_url(experiment, row, file) + "?download" for row in ordered(experiment)]
        columns[name] = st.column_config.LinkColumn(label, display_text="Download", width="small")
    if any(map(awaited, experiment.results)):
        st.caption(
            ":material/hourglass_top: VMAF and XPSNR are measured while no codec runs; they join the points then."
        )
    st.dataframe(data, column_config=columns, hide_index=True, key=f"points-{key}", height="content")


def downloads(experiment: Experiment, key: str) -> None:
    for label, data, suffix, kind in (
        ("CSV", table.csv_text, "csv", "text/csv"),
        ("Record (JSON)", table.record_json, "json", "application/json"),
        ("Decoder code", lambda e: e.code, "py", "text/x-python"),
    ):
        st.download_button(
            label,
            data(experiment),
            f"{experiment.id}.{suffix}",
            kind,
            key=f"{suffix}-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )


def everything(experiment: Experiment, key: str) -> None:
    """The archive of an experiment that has ended, as a download that is made when it is asked for."""
    st.link_button(
        "Everything (zip)",
        f"/export/{experiment.id}.zip",
        key=f"zip-{key}",
        type="tertiary",
        icon=":material/archive:",
        help="Record, code, bitstreams, per-frame figures, events, log and environment. `./lab import` restores it in "
        "another lab, `./lab eval --verify` confirms every bitstream.",
    )


def ordered(experiment: Experiment) -> list[ResultRow]:
    """Rows in the order in which the table shows them."""
    by_point = {(r.clip, r.rate): r for r in experiment.results}
    return [by_point[(r["clip"], r["rate"])] for r in table.rows(experiment)]


def point_url(experiment: Experiment, row: ResultRow, file: str) -> str:
    """Where the lab serves a file of a point."""
    return f"/artifacts/{experiment.id}/{quote(row.clip)}/{rate_key(row.rate)}/{file}"
