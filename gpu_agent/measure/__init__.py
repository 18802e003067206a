"""Measurement of decoded planes against source planes: exact, complete, fast, and by the lab alone."""

from .golden import check_golden
from .perceptual import VMAF_MODEL, VMAF_MODELS, VmafResult, XpsnrResult, vmaf, xpsnr
from .pipeline import MeasureCancelled, measure, warm
from .raw import MeasureError
from .series import DEFINITIONS, PSNR_CAP, FrameSeries, Measurement
from .worst import worst_area, worst_frames

__all__ = [
    "DEFINITIONS",
    "PSNR_CAP",
    "VMAF_MODEL",
    "VMAF_MODELS",
    "FrameSeries",
    "MeasureCancelled",
    "MeasureError",
    "Measurement",
    "VmafResult",
    "XpsnrResult",
    "check_golden",
    "measure",
    "vmaf",
    "warm",
    "worst_area",
    "worst_frames",
    "xpsnr",
]
