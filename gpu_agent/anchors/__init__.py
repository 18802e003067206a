"""Anchors: known encoders on the same frames, measured by the same code, so that a curve has something to stand beside."""

from .again import NotTheSame, code_again, planes_of_clip, point_key
from .catalogue import CATALOGUE, Anchor, anchor_named
from .ladder import LadderProgress, cached_curve, compute_curve, ladder
from .records import AnchorCurve, AnchorPoint

__all__ = [
    "CATALOGUE",
    "Anchor",
    "AnchorCurve",
    "AnchorPoint",
    "LadderProgress",
    "NotTheSame",
    "anchor_named",
    "cached_curve",
    "code_again",
    "compute_curve",
    "ladder",
    "planes_of_clip",
    "point_key",
]
