"""The worst frames of a point, cut out around their worst part: a few pictures that say more than the means.

Made for every point while its planes are at hand (a few hundredths of a second). `worst.json` is kept; the pictures
may be dropped, and are made again from it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from ..codec_kit.frames import VideoInfo, planes_of
from ..measure import worst_area, worst_frames
from ..models import Clip, Model
from ..preview import crop_png
from ..preview.raw import read_frame


class WorstFrame(Model):
    """One entry of worst.json; x, y, width and height in luma samples. `file` is relative to the point's folder."""

    frame: int
    psnr_y: float
    x: int
    y: int
    width: int
    height: int
    gain: float = 8
    file: str

    @property
    def area(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.width, self.height


LIST = TypeAdapter(list[WorstFrame])


def find_worst(
    source: Path, decoded: Path, info: VideoInfo, psnr_y: Sequence[float | None], visible: tuple[int, int]
) -> list[WorstFrame]:
    """Worst first; none where every frame is identical."""
    found = []
    width, height = visible
    for index in worst_frames(psnr_y):
        planes = [planes_of(read_frame(path, info, index), info).y[:height, :width] for path in (source, decoded)]
        area = worst_area(*planes)
        file = f"worst/frame{index}-x{area.x}-y{area.y}-source-decoded-error.png"
        found.append(WorstFrame(frame=index, psnr_y=round(psnr_y[index], 3), file=file, **area._asdict()))
    return found


def picture(worst: WorstFrame, source: Path, decoded: Path, info: VideoInfo, facts: Clip) -> bytes:
    """Source, decoded and amplified error side by side, as PNG."""
    return crop_png(source, decoded, info, worst.frame, worst.area, gain=worst.gain, facts=facts)


def write_list(path: Path, worst: list[WorstFrame]) -> None:
    path.write_text(json.dumps([w.model_dump() for w in worst], indent=1, allow_nan=False))


def read_list(path: Path) -> list[WorstFrame]:
    """Raises ValueError where the file is not such a list."""
    return LIST.validate_json(path.read_bytes())
