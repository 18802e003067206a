"""Showing decoded video: browser-playable previews, exact single frames as PNG, exact frames as y4m.

Only `make_preview` loses anything (it is H.264 once more and is labelled a preview); nothing here feeds a measurement.
"""

from .choice import NO_GPU, Choice, choose
from .crop import crop_png
from .mp4 import make_preview
from .png import frame_png, planes_png
from .y4m import plane_y4m

__all__ = ["NO_GPU", "Choice", "choose", "crop_png", "frame_png", "make_preview", "plane_y4m", "planes_png"]
