"""An anchor's curve from rows of an experiment."""

from __future__ import annotations

from gpu_agent.anchors import AnchorCurve, AnchorPoint
from gpu_agent.models import ResultRow


def anchor_curve(rows: list[ResultRow], anchor: str = "x265-medium", **changes) -> AnchorCurve:
    points = [
        AnchorPoint(
            **{name: getattr(r, name) for name in AnchorPoint.model_fields if name in ResultRow.model_fields},
            ms_ssim=None, ssim_ffmpeg=None, vmaf_neg=None, command="ffmpeg",
        )
        for r in rows
    ]  # fmt: skip
    values = {"anchor": anchor, "label": anchor.replace("-", " "), "clip": rows[0].clip, "clip_sha256": "0" * 64}
    return AnchorCurve(**(values | {"frames": rows[0].frames, "points": points, "rates": range(len(rows))} | changes))
