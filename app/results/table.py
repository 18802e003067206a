"""The table of points: columns with the exact variant of each metric, rows, CSV and JSON to take away."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, NamedTuple

import pandas as pd

from gpu_agent.models import Experiment, ResultRow

from .headline import by_clip
from .metrics import METRICS, metric, numeric

CSV_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet read a cell as a formula (OWASP, CSV injection)."""


class Column(NamedTuple):
    """`help` is shown on hover; `format` is printf style, as Streamlit's number columns take it."""

    key: str
    label: str
    help: str
    format: str | None = None


def of_metric(key: str) -> Column:
    m = metric(key)
    return Column(key, f"{m.label} ({m.unit})" if m.unit else m.label, m.variant, f"%.{m.digits}f")


CLOCK = "measured by the agent outside the jail, start-up excluded"

COLUMNS: tuple[Column, ...] = (
    Column("clip", "Clip", "The clip, as the catalogue names it"),
    Column("rate", "Rate", "The rate point: the codec's own quality knob"),
    Column("kbps", "kbit/s", "Size of the bitstream file over the clip's duration, headers included", "%.1f"),
    Column("bpp", "bpp", "Bits per luma sample: size of the bitstream file over width x height x frames", "%.4f"),
    Column("bytes", "Bytes", "Size of the bitstream file: header, packets and their lengths", "%d"),
    Column("packets", "Packets", "Packets that encode yielded", "%d"),
    Column("frames", "Frames", "Frames encoded, decoded and measured", "%d"),
    *(of_metric(key) for key in METRICS),
    Column("lossless", "Lossless", "Every decoded plane of every frame is identical to the source"),
    Column("encode_fps", "Encode (fps)", f"Frames a second of encode, {CLOCK}", "%.2f"),
    Column("decode_fps", "Decode (fps)", f"Frames a second of decode, {CLOCK}", "%.2f"),
    Column(
        "encode_spread",
        "Encode spread",
        "Slowest less fastest encode, as a part of the median of the timing runs",
        "%.3f",
    ),
    Column(
        "decode_spread",
        "Decode spread",
        "Slowest less fastest decode, as a part of the median of the timing runs",
        "%.3f",
    ),
    Column("encode_seconds", "Encode (s)", f"Wall time of encode, {CLOCK}", "%.2f"),
    Column("decode_seconds", "Decode (s)", f"Wall time of decode, {CLOCK}", "%.2f"),
    Column("encode_cpu_seconds", "Encode CPU (s)", "CPU time of encode, all threads together", "%.2f"),
    Column("decode_cpu_seconds", "Decode CPU (s)", "CPU time of decode, all threads together", "%.2f"),
    Column("encode_peak_mb", "Encode memory (MB)", "Peak memory of encode", "%.0f"),
    Column("decode_peak_mb", "Decode memory (MB)", "Peak memory of decode", "%.0f"),
    Column("bitstream_sha256", "Bitstream SHA-256", "Hash of the bitstream file: equal hashes are equal bitstreams"),
    Column("decoded_sha256", "Decoded SHA-256", "Hash of the decoded frames' planes"),
)
HEADLINE = ("clip", "rate", "kbps", "bpp", "bytes", "psnr_yuv", "psnr_y", "ssim", "vmaf", "encode_fps", "decode_fps")
"""What the table shows at first; the rest is one click away."""


def row_values(row: ResultRow) -> dict[str, Any]:
    """One row flat: its fields, then every further metric (nested names joined by dots)."""
    values = row.model_dump(exclude={"artifacts", "more"})
    return values | {key: value for key, value in flatten(row.more).items() if key not in values}


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one level with dotted names; lists are kept as JSON text."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict) and inner:
            flat |= flatten(inner, f"{name}.")
        else:
            flat[name] = json.dumps(inner, ensure_ascii=False) if isinstance(inner, list | dict) else inner
    return flat


def rows(experiment: Experiment) -> list[dict[str, Any]]:
    """All points flat: clips in the experiment's order, lowest bit rate first."""
    return [row_values(row) for points in by_clip(experiment).values() for row in points]


def columns(experiment: Experiment, headline: bool = False) -> list[Column]:
    """Columns that have a value in at least one row, the known ones in their order, then further metrics by name.

    `headline` keeps the few that answer most questions.
    """
    values = rows(experiment)
    present = {key for row in values for key, value in row.items() if value is not None and value is not False}
    known = [c for c in COLUMNS if c.key in present and (not headline or c.key in HEADLINE)]
    if headline:
        return known
    further = sorted(present - {c.key for c in COLUMNS})
    return known + [
        of_metric(key)
        if all(numeric(r.get(key)) is not None or r.get(key) is None for r in values)
        else Column(key, key, f"{key}, as the agent recorded it")
        for key in further
    ]


def frame(experiment: Experiment, headline: bool = False) -> pd.DataFrame:
    """The table of points with one column per `columns(...)`, by key; the index counts rows from 0."""
    keys = [c.key for c in columns(experiment, headline)]
    return pd.DataFrame([{key: row.get(key) for key in keys} for row in rows(experiment)], columns=keys)


def csv_cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" ").startswith(CSV_TRIGGERS):
        return "'" + value
    return value


def csv_text(experiment: Experiment) -> str:
    """All points as CSV (UTF-8, RFC 4180) in full precision, each row with the experiment's id, title and status."""
    keys = [c.key for c in columns(experiment)]
    own = {"experiment": experiment.id, "title": experiment.title, "status": str(experiment.status)}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*own, *map(csv_cell, keys)])
    for row in rows(experiment):
        writer.writerow([csv_cell(value) for value in (*own.values(), *(row.get(key) for key in keys))])
    return out.getvalue()


def record_json(experiment: Experiment) -> str:
    """The whole record as indented JSON, without the lease, which only the agents need."""
    return experiment.model_dump_json(indent=2, exclude={"lease"}) + "\n"


def flat_record(experiment: Experiment) -> dict[str, Any]:
    """Settings and outcome of the record on one level with dotted names; code, log and rows are not among them."""
    return flatten(experiment.model_dump(mode="json", exclude={"lease", "code", "log", "results", "progress"}))
