"""Settings and environment of several of the chosen side by side, with only what differs where that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .compare import OUTCOME
from .contender import Contender
from .table import flat_record

LEFT_OUT = (*OUTCOME, "summary", "error", "status", "title", "audit", "cancel_requested")


def settings_of(contender: Contender) -> dict[str, Any]:
    """Names with dots to values: of an experiment its settings and environment, of an anchor its exact command."""
    if contender.experiment is not None:
        e = contender.experiment
        own = {name: value for name, value in flat_record(e).items() if name.split(".")[0] not in LEFT_OUT}
        own["rates"] = ", ".join(f"{rate:g}" for rate in e.rates)
        return own | {"clips": ", ".join(f"{c.name} ({c.frames or '?'} frames)" for c in e.clips)}
    if contender.anchor is None:
        return {}
    found = {"encoder": contender.anchor.encoder, "rates": ", ".join(map(str, contender.anchor.rates))}
    found["arguments"] = " ".join(contender.anchor.arguments.split())
    for curve in contender.curves.values():
        found |= {f"version.{name}": version for name, version in curve.versions.items()}
    return found


def settings_table(contenders: Sequence[Contender], differences_only: bool) -> list[dict[str, Any]]:
    """A row a setting: its name, then the value of each by label (None where one has none)."""
    settings = {c.label: settings_of(c) for c in contenders}
    names = list(dict.fromkeys(name for own in settings.values() for name in own))
    names = [
        n for n in names if not any(other.startswith(f"{n}.") for other in names)
    ]  # an empty group beside full ones
    rows = [(name, [own.get(name) for own in settings.values()]) for name in names]
    if differences_only:
        rows = [(name, values) for name, values in rows if any(v != values[0] for v in values[1:])]
    return [{"Setting": name} | dict(zip(settings, values)) for name, values in rows]
