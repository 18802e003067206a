"""A line about each of the chosen: what it is, how far it got, how large its decoder is and how fast it ran."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpu_agent.models import ResultRow

from .badges import cell
from .contender import Choice, Contender, Footage
from .format import listed, size, speed
from .listing import origin
from .verdict import STATE_WORDS

NO_DECODER = "An anchor's decoder is a library that is not weighed; a source needs none."


def overview(choice: Choice) -> list[dict[str, Any]]:
    return [line(choice, contender) for contender in choice.contenders]


def line(choice: Choice, c: Contender) -> dict[str, Any]:
    """Speeds are over all clips and points together: all frames over all seconds."""
    e = c.experiment
    return {
        "name": c.label,
        "what": origin(e) if e else "Anchor" if c.anchor else "Source",
        "status": STATE_WORDS[e.status] if e else "measured" if any(o.rows for o in c.clips.values()) else missing(c),
        "clips": listed([choice.named(f) for f in choice.footage if f.key in c.clips], 3),
        "decoder": size(e.decoder_bytes if e else None),
        "encode": speed(frames_a_second(c, choice.footage, "encode_seconds")),
        "decode": speed(frames_a_second(c, choice.footage, "decode_seconds")),
        "audit": cell(e) if e else "",
        "open": f"/experiment?id={e.id}" if e else "",
    }


def missing(c: Contender) -> str:
    """In a narrow column; why is said beneath the curves."""
    return "to look at" if c.kind == "source" else "not measured"


def frames_a_second(c: Contender, footage: Sequence[Footage], seconds: str) -> float | None:
    timed = [
        (r.frames if isinstance(r, ResultRow) else f.frames, getattr(r, seconds)) for f in footage for r in c.on(f).rows
    ]
    spent = math.fsum(s for _, s in timed)
    return sum(n for n, _ in timed) / spent if spent > 0 else None
