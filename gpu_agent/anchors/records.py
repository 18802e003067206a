"""What is kept of an anchor's measurement: the cached JSON."""

from __future__ import annotations

from pydantic import Field

from ..measure.bdrate import Curve, curve_from
from ..models import Model


class AnchorPoint(Model):
    """One clip through one anchor at one rate. Figures as in ResultRow; `bytes` is the stream without a container."""

    rate: int
    bytes: int
    kbps: float
    bpp: float
    psnr_y: float
    psnr_u: float
    psnr_v: float
    psnr_yuv: float
    psnr_y_mse: float | None
    ssim: float | None
    ms_ssim: float | None
    ssim_ffmpeg: float | None
    vmaf: float | None
    vmaf_neg: float | None
    lossless: bool
    encode_seconds: float
    decode_seconds: float
    command: str
    decoded_sha256: str | None = Field(None, description="of the raw planes it decoded to; older points have none")


class AnchorCurve(Model):
    """An anchor on one clip: its points so far, or the reason why it cannot be had here."""

    anchor: str
    label: str
    clip: str
    clip_sha256: str
    frames: int
    points: list[AnchorPoint] = Field(default_factory=list)
    rates: list[int]
    versions: dict[str, str] = Field(default_factory=dict)
    reason: str | None = None

    @property
    def complete(self) -> bool:
        return len(self.points) == len(self.rates)

    def curve(self, quality: str = "psnr_yuv") -> Curve:
        """Rate in kbps against one figure, from the points that have it, as BD-rate takes it."""
        return curve_from((p.kbps, getattr(p, quality)) for p in self.points)
