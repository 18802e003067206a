"""Crops of the worst blocks as image blocks of the Messages API, few and small."""

from __future__ import annotations

import base64
from typing import Any

from gpu_agent.models import Experiment, ResultRow
from gpu_agent.road.worst import WorstFrame

from .sources import Sources

COUNT = 4
"""Pictures at most: each is a few hundred tokens, and is sent again with every later turn."""
BYTES = 1_000_000
"""All of them together, before base64; the API takes 5 MB a picture and 32 MB a request."""
PNG = b"\x89PNG\r\n\x1a\n"


def pictures(
    experiment: Experiment, points: list[tuple[ResultRow, list[WorstFrame]]], sources: Sources
) -> list[dict[str, Any]]:
    """A caption and an image for each: the worst frame of every clip first, then the next ones.

    What is not at hand, or does not fit any more, is left out.
    """
    turns = max((len(worst) for _, worst in points), default=0)
    wanted = [(row, worst[n]) for n in range(turns) for row, worst in points if n < len(worst)]
    blocks: list[dict[str, Any]] = []
    left = BYTES
    for row, worst in wanted:
        if len(blocks) == 2 * COUNT:
            break
        png = sources.picture(experiment, row, worst)
        if png is None or not png.startswith(PNG) or len(png) > left:
            continue
        left -= len(png)
        blocks += [{"type": "text", "text": caption(row, worst)}, image(png)]
    return blocks


def caption(row: ResultRow, worst: WorstFrame) -> str:
    return (
        f"{row.clip} at rate {row.rate:g}, frame {worst.frame} ({worst.psnr_y:.2f} dB), its worst "
        f"{worst.width}x{worst.height} luma samples at x {worst.x}, y {worst.y}. From left to right: source, decoded, "
        f"error (decoded minus source around grey) amplified {worst.gain:g} times:"
    )


def image(png: bytes) -> dict[str, Any]:
    data = base64.b64encode(png).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
