"""How a value of the table is written on a page: escaped, bounded, and a dash where nothing was measured."""

from __future__ import annotations

import html
import math
from typing import Any

from aws import Item

RIGHT = ' class="n"'
"""Of cells that hold figures."""
STATUSES = {"queued", "running", "succeeded", "failed", "cancelled"}


def text(value: Any, most: int = 200) -> str:
    """Any value as text of a page: bounded, escaped, safe in attributes too."""
    shown = str(value)
    return html.escape(shown if len(shown) <= most else shown[: most - 1] + "…", quote=True)


def number(value: Any, digits: int = 2, unit: str = "") -> str:
    """A measured figure, or a dash where there is none: never a placeholder that looks like a result."""
    return f"{value:,.{digits}f}{unit}" if measured(value) else "–"


def measured(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def percent(value: Any) -> str:
    """A BD-rate, signed; below zero is good."""
    if not measured(value):
        return "–"
    tone = "good" if value < -0.05 else "bad" if value > 0.05 else ""
    return f'<span class="{tone}">{value:+.1f} %</span>'.replace("-", "−")


def size(value: Any) -> str:
    """Bytes in kB."""
    return number(value / 1000, 1, " kB") if measured(value) else "–"


def vmaf(row: Item) -> str:
    """VMAF of a point, or a dash that says on hover why there is none."""
    shown = number(row.get("vmaf"), 1)
    missing = (row.get("more") or {}).get("missing") or {}
    reason = missing.get("vmaf") or "it was not measured"
    return f'<span title="{text(reason, 200)}">{shown}</span>' if shown == "–" else shown


def moment(value: Any) -> str:
    """ISO 8601 in UTC, to the minute."""
    shown = str(value or "")[:19]
    return f'<time datetime="{text(shown)}Z">{text(shown.replace("T", " ")[:16])}</time>'


def status(meta: Item) -> str:
    """The status as a badge; its name is a class of the style too, so only known ones get there."""
    found = str(meta.get("status"))
    found = found if found in STATUSES else "unknown"
    return f'<span class="status {found}">{found}</span>'
