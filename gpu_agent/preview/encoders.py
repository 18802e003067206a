"""The H.264 encoders that previews may come from. Both make every frame a key frame, in order, without B frames."""

from __future__ import annotations

from typing import NamedTuple


class Encoder(NamedTuple):
    """FFmpeg's name of an encoder, and its options."""

    name: str
    options: dict[str, str]


X264 = Encoder("libx264", {"preset": "ultrafast", "crf": "14", "x264-params": "keyint=1:bframes=0:scenecut=0"})
NVENC = Encoder(
    "h264_nvenc",
    {"preset": "p1", "rc": "constqp", "qp": "16", "g": "0", "bf": "0", "forced-idr": "1", "delay": "0"},
)
"""A GOP length of 0 is nvenc's word for intra only. It takes frames from about 145x49 to 4096x4096 samples."""
