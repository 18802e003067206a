"""What is measured after a run and kept beside its record, joined with the rows when the record is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..models import PerceptualFigures


def packed(figures: Sequence[PerceptualFigures]) -> str:
    """As the stores keep them."""
    return json.dumps([f.model_dump(mode="json") for f in figures])


def joined(rows: list[dict[str, Any]], kept: str) -> list[dict[str, Any]]:
    """Rows (plain JSON) with the figures of `packed` in them: what is known now is no longer missing."""
    later = {(f["clip"], f["rate"]): f for f in json.loads(kept)}
    return [with_figures(row, later.get((row["clip"], row["rate"]))) for row in rows]


def with_figures(row: dict[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return row
    more = dict(row["more"]) | found["more"]
    known = {*found["more"], *(["vmaf"] if found["vmaf"] is not None else [])}
    missing = {name: why for name, why in more.pop("missing", {}).items() if name not in known} | found["missing"]
    more |= {"missing": missing} if missing else {}
    return row | {"vmaf": found["vmaf"], "more": more, "artifacts": row["artifacts"] | found["artifacts"]}
