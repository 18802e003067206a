"""Anchors: known encoders on the same frames, measured by the same code, so that a curve has something to stand beside."""

from .catalogue import CATALOGUE, Anchor, anchor_named
from .ladder import LadderProgress, cached_curve, compute_curve, ladder
from .records import AnchorCurve, AnchorPoint

__all__ = [
    "CATALOGUE",
    "Anchor",
    "AnchorCurve",
    "AnchorPoint",
    "LadderProgress",
    "anchor_named",
    "cached_curve",
    "compute_curve",
    "ladder",
]
