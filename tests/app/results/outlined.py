"""Outlines to rank and to hang in a tree."""

from __future__ import annotations

from gpu_agent.models import Status
from gpu_agent.outline import Extent, Facts, Outline

CLIP = Extent(name="carphone", sha256="c" * 64, frames=120)


def outline(number: int, title: str | None = None, percent: float | None = None, **changes) -> Outline:
    """`changes` of the outline or of its facts. Without a percentage there is no standing against x264-medium."""
    facts = {
        "code_sha256": f"{number:064d}",
        "decoder_bytes": 2000,
        "clips": [CLIP],
        "rates": [22, 27, 32, 37],
        "points": 4,
        "decode_fps": 50.0,
        "encode_fps": 10.0,
        "bd_rate": {} if percent is None else {"x264-medium": percent},
    }
    own = {
        "id": f"exp-{number:04d}",
        "title": title or f"Codec {number}",
        "status": Status.SUCCEEDED,
        "created_at": f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}Z",
    }
    facts |= {k: v for k, v in changes.items() if k in Facts.model_fields}
    own |= {k: v for k, v in changes.items() if k in Outline.model_fields}
    return Outline(**own, facts=Facts(**facts))
