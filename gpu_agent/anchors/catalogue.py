"""The anchors: which encoders, with which settings, at which rate points. One entry each, most useful first.

An encoder's plain name means its defaults, as everybody quotes it. x264 and x265 spend up to a fifth of their bits on
looks that PSNR does not see; whoever wants to know what a codec does beyond that finds both tuned for PSNR as well.
Keyframes are at most 250 frames apart. Text that an encoder signs its stream with is left out, so that short clips are not charged for it.
"""

from __future__ import annotations

from typing import NamedTuple

CRF_52 = (17, 21, 25, 29, 34, 39, 45)
CRF_64 = (12, 20, 28, 36, 44, 52, 60)
QSCALE = (2, 3, 5, 8, 13, 20, 31)

WITHOUT_SEI = "-bsf:v filter_units=remove_types=6"


class Anchor(NamedTuple):
    """One encoder with fixed settings. `{rate}` in `arguments` stands for each of `rates` in turn, best quality first.

    `format` is ffmpeg's muxer of the elementary stream. `coded_depth` is 10 where the encoder knows no 8-bit video:
    samples go in shifted up by two bits, and come back rounded. `full_range` forces that label on the stream, for
    JPEG, which knows no other; labels never change a sample. `two_pass` is for libvpx, which plans its hidden
    reference frames only in a second pass (a tenth of the bits); the others plan ahead within one.
    """

    name: str
    label: str
    encoder: str
    arguments: str
    rates: tuple[int, ...]
    format: str
    coded_depth: int = 8
    full_range: bool = False
    gpu: bool = False
    two_pass: bool = False

    def encoder_arguments(self, rate: int) -> list[str]:
        return ["-c:v", self.encoder, *self.arguments.replace("{rate}", str(rate)).split()]


def x264(name: str, label: str, options: str) -> Anchor:
    """One thread, because x264's bits depend on the number of threads."""
    return Anchor(name, label, "libx264", f"{options} -crf {{rate}} -threads 1 {WITHOUT_SEI}", CRF_52, "h264")


def svt_av1(preset: int) -> Anchor:
    arguments = f"-preset {preset} -crf {{rate}} -g 250 -svtav1-params tune=1"
    return Anchor(f"svtav1-{preset}", f"SVT-AV1 preset {preset}", "libsvtav1", arguments, CRF_64, "obu")


def nvenc(codec: str, label: str, more: str = "") -> Anchor:
    arguments = f"-preset p5 -tune hq -rc constqp -qp {{rate}} -g 250 {more}"
    return Anchor(f"{codec}-nvenc", label, f"{codec}_nvenc", arguments, CRF_52, codec, gpu=True)


MJPEG = Anchor("mjpeg", "Motion JPEG", "mjpeg", "-q:v {rate} -flags +bitexact", QSCALE, "mjpeg", full_range=True)
MPEG4 = Anchor("mpeg4", "MPEG-4 Part 2", "mpeg4", "-q:v {rate} -g 250 -bf 2 -threads 1 -flags +bitexact", QSCALE, "m4v")
VP9_SETTINGS = "-deadline good -cpu-used 2 -row-mt 1 -threads 4 -g 250 -crf {rate} -b:v 0"
X265_SETTINGS = "-preset medium -crf {rate} -x265-params info=0:frame-threads=1"
VVENC_SETTINGS = "-preset fast -qpa 0 -qp {rate} -period 10"

CATALOGUE: tuple[Anchor, ...] = (
    x264("x264-medium", "x264 medium", "-preset medium"),
    Anchor("x265-medium", "x265 medium", "libx265", X265_SETTINGS, CRF_52, "hevc"),
    MJPEG,
    svt_av1(8),
    x264("x264-medium-psnr", "x264 medium, tuned for PSNR", "-preset medium -tune psnr"),
    Anchor("x265-medium-psnr", "x265 medium, tuned for PSNR", "libx265", f"-tune psnr {X265_SETTINGS}", CRF_52, "hevc"),
    x264("x264-ultrafast-zerolatency", "x264 ultrafast, zero latency", "-preset ultrafast -tune zerolatency"),
    MPEG4,
    nvenc("h264", "NVENC H.264", WITHOUT_SEI),
    nvenc("hevc", "NVENC HEVC"),
    x264("x264-veryslow", "x264 veryslow", "-preset veryslow"),
    Anchor("vp9", "VP9", "libvpx-vp9", VP9_SETTINGS, CRF_64, "ivf", two_pass=True),
    svt_av1(4),
    Anchor("vvenc-fast", "VVenC fast", "libvvenc", VVENC_SETTINGS, CRF_52, "vvc", coded_depth=10),
)


def anchor_named(name: str) -> Anchor:
    """Raises KeyError for a name that is not in the catalogue."""
    return {anchor.name: anchor for anchor in CATALOGUE}[name]
