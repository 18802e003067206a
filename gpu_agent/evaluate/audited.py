"""The audit in the terminal: as the agent's, with the anchors it leans on measured here and kept for the next time."""

from __future__ import annotations

import threading
from pathlib import Path

from ..anchors import AnchorCurve, anchor_named, compute_curve
from ..audit import audit
from ..measure import MeasureCancelled
from ..models import Audit, Clip, Experiment
from ..road.tools import Tools

NEEDED = ("x264-medium", "mjpeg", "svtav1-8")
"""The quick ones: SVT-AV1's slower preset is the agent's, which has time."""


def audited(tools: Tools, record: Experiment, clips: list[Clip], folder: Path, cancel: threading.Event) -> Audit:
    """Audit a succeeded record of ./lab eval. `folder` keeps the anchors' curves."""
    by_hash = {clip.sha256: clip for clip in clips}

    def curve_of(sha256: str, frames: int, anchor: str) -> AnchorCurve | None:
        if anchor not in NEEDED or cancel.is_set():
            return None
        clip = by_hash[sha256]
        planes = tools.catalogue.planes(clip, cancel=cancel.is_set)
        try:
            return compute_curve(anchor_named(anchor), planes, clip, folder, frames=frames, cancel=cancel)
        except MeasureCancelled:
            return None

    return audit(tools, record, curve_of, cancel)
