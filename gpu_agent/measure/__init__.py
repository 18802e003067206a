"""Measurement of decoded planes against source planes: exact, complete, fast, and by the lab alone."""

from .pipeline import MeasureCancelled, measure, warm
from .raw import MeasureError
from .series import DEFINITIONS, PSNR_CAP, FrameSeries, Measurement

__all__ = [
    "DEFINITIONS",
    "PSNR_CAP",
    "FrameSeries",
    "MeasureCancelled",
    "MeasureError",
    "Measurement",
    "measure",
    "warm",
]
