"""An experiment in the few figures that rankings and family trees need, so that thousands are read in a moment.

A store keeps the facts beside the record and writes them with it; title, status and archive flag are the record's own.
"""

from __future__ import annotations

import math

from pydantic import Field

from .models import UNSAFE, Audit, BDRate, Experiment, Model, Origin, Rate, Status

IMPORTED = "Imported: it was measured elsewhere. `./lab eval --verify` on its archive confirms the bitstreams here."
"""The warning that a restored record carries."""
REASON = 300
"""Characters of a reason that an outline keeps; the record has all of it."""


class Extent(Model):
    """Which frames of a clip: its hash and how many."""

    name: str
    sha256: str | None = None
    frames: int | None = None


class Facts(Model):
    """What is computed from the record. Speeds are all frames over all seconds of the run, None without points."""

    rerun_of: str | None = None
    kind: str = "person"
    model: str | None = None
    run: str | None = Field(None, description="what experiments of one autopilot run have in common")
    code_sha256: str
    decoder_bytes: int
    clips: list[Extent]
    rates: list[Rate]
    points: int = 0
    encode_fps: float | None = None
    decode_fps: float | None = None
    bd_rate: dict[str, float] = Field(default_factory=dict, description="mean in percent, by anchor")
    refused: dict[str, str] = Field(default_factory=dict, description="why there is no BD-rate, by anchor")
    badges: dict[str, str] = Field(default_factory=dict, description="the audit's verdict by the badge's name")
    held: str | None = Field(None, description="why the audit holds it; null: it does not")
    released: str = Field("", description="why a person lets a held run be ranked")
    unsafe: bool = Field(False, description="it ran without a jail")
    imported: bool = Field(False, description="it was measured by another lab")


class Outline(Model):
    id: str
    title: str
    status: Status
    created_at: str
    parent_id: str | None = None
    archived: bool = False
    facts: Facts


def facts_of(experiment: Experiment) -> Facts:
    e = experiment
    frames = sum(r.frames for r in e.results)
    return Facts(
        rerun_of=e.rerun_of,
        kind=e.origin.kind,
        model=e.origin.model,
        run=run_of(e.origin),
        code_sha256=e.code_sha256,
        decoder_bytes=e.decoder_bytes,
        clips=[Extent(name=c.name, sha256=c.sha256, frames=c.frames) for c in e.clips],
        rates=e.rates,
        points=len(e.results),
        encode_fps=per_second(frames, [r.encode_seconds for r in e.results]),
        decode_fps=per_second(frames, [r.decode_seconds for r in e.results]),
        **rated(e.summary.bd_rate),
        **audited(e.audit),
        released=e.released,
        unsafe=e.sandbox == UNSAFE,
        imported=IMPORTED in e.warnings,
    )


def outline_of(experiment: Experiment) -> Outline:
    e = experiment
    return Outline(
        id=e.id,
        title=e.title,
        status=e.status,
        created_at=e.created_at,
        parent_id=e.parent_id,
        archived=e.archived,
        facts=facts_of(e),
    )


def run_of(origin: Origin) -> str | None:
    """The autopilot run that made it: its note is `RUN/ATTEMPT`."""
    if origin.kind != "autopilot":
        return None
    return (origin.note or "").partition("/")[0] or origin.conversation_id


def per_second(frames: int, seconds: list[float]) -> float | None:
    total = math.fsum(seconds)
    return frames / total if total > 0 else None


def rated(rates: dict[str, BDRate]) -> dict[str, object]:
    """`bd_rate` and `refused` of the facts."""
    known = {name: r.percent for name, r in rates.items() if r.percent is not None}
    return {
        "bd_rate": known,
        "refused": {n: r.reason[:REASON] for n, r in rates.items() if n not in known and r.reason},
    }


def audited(audit: Audit | None) -> dict[str, object]:
    """`badges` and `held` of the facts."""
    if audit is None:
        return {"badges": {}, "held": None}
    why = next((b.text for b in audit.badges if b.name == "too_good"), "Held until somebody looked.")
    return {"badges": {b.name: b.verdict for b in audit.badges}, "held": why[:REASON] if audit.held else None}
