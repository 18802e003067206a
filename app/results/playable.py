"""What can be put into the player: a source, a point of an experiment, a point of an anchor, each with its addresses.

Paths are those of artifacts (`/artifacts/` before them is what the lab serves). `{frame}` stands for a frame's number.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from app.blind import Stimulus
from gpu_agent.anchors import AnchorPoint, point_key
from gpu_agent.road.tools import rate_key

from .contender import Contender, Footage, Row
from .format import short

LABEL = 400
"""Characters of a point's name that a blind test keeps."""


class Playable(NamedTuple):
    """`row` and `base` are None and the clip's own place for a source. `wait`: why loading it may take a while."""

    label: str
    base: str
    row: Row | None = None
    experiment: str | None = None
    wait: str = ""

    @property
    def kind(self) -> str:
        return "source" if self.row is None else "decoded"

    @property
    def preview(self) -> str:
        return f"{self.base}/preview.mp4"

    @property
    def exact(self) -> str:
        return f"{self.base}/frames/{{frame}}/{self.kind}.png"

    @property
    def planes(self) -> str:
        return f"{self.base}/frames/{{frame}}/{self.kind}.planes.png"

    @property
    def series(self) -> str | None:
        return None if self.row is None else f"{self.base}/frames.json"

    @property
    def stimulus(self) -> Stimulus:
        """As a blind test keeps it."""
        row = self.row
        figures = {} if row is None else {"rate": float(row.rate), "kbps": row.kbps, "psnr_yuv": row.psnr_yuv}
        label = short(self.label, LABEL)
        return Stimulus(label=label, preview=self.preview, exact=self.exact, experiment=self.experiment, **figures)


def source_of(footage: Footage) -> Playable:
    return Playable("Source", f"clips/{footage.sha256}")


def playable(contender: Contender, footage: Footage, row: Row) -> Playable:
    """A point of an experiment or of an anchor on these frames."""
    label = f"{contender.label}, rate {row.rate:g}"
    if isinstance(row, AnchorPoint):
        base = point_key(footage.sha256, footage.frames, contender.key, row)
        wait = f"The agent encodes {contender.label} at {row.rate} once more to show it."
        return Playable(label, base, row, wait=wait)
    base = f"{contender.key}/{quote(row.clip)}/{rate_key(row.rate)}"
    return Playable(label, base, row, experiment=contender.key)


def url(path: str) -> str:
    return f"/artifacts/{path}"
