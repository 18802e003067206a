"""What belongs to a clip and to no experiment: its own pictures, and the anchors' points made again to be looked at.

clips/{sha256}/preview.mp4                                  preview of the source
clips/{sha256}/frames/{n}/source.png                        exact frame; source.planes.png: its samples, unconverted
clips/{sha256}/anchors/{frames}/{anchor}/r{rate}/{mark}/... a measured point of an anchor on the first `frames` frames
                                                            (`mark` changes with what was measured, see `point_key`):
    preview.mp4, frames.json, stream.{format}               as of an experiment's point; droppable, made again
    frames/{n}/decoded.png, frames/{n}/decoded.planes.png   exact frames
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..anchors import Anchor, AnchorPoint, NotTheSame, anchor_named, code_again, planes_of_clip, point_key
from ..anchors.again import Again
from ..anchors.point import Planes
from ..codec_kit.frames import VideoInfo
from ..measure import MeasureCancelled
from ..models import Clip
from ..preview import frame_png, planes_png
from ..road.trip import source_of
from .artifacts import GONE, check_space, preview_at, scratch, the_machine
from .errors import ApiError, not_found

if TYPE_CHECKING:
    from .app import Agent

CLIP = re.compile(r"(?P<sha>[0-9a-f]{64})/(?P<file>.+)")
FRAME = re.compile(r"frames/(?P<index>[0-9]{1,9})/(?P<kind>source|decoded)(?P<raw>\.planes)?\.png")
POINT = re.compile(
    r"anchors/(?P<frames>[1-9]\d{0,8})/(?P<anchor>[a-z0-9-]+)/r(?P<rate>\d{1,3})/[0-9a-f]{12}/(?P<file>.+)"
)


def clip_artifact(agent: Agent, path: str) -> tuple[Path | bytes, str | None]:
    """The artifact as a file or as bytes with its content type. Raises ApiError."""
    match = CLIP.fullmatch(path)
    clip = next((c for c in agent.tools.catalogue.list() if c.sha256 == match["sha"]), None) if match else None
    if match is None or clip is None:
        raise GONE
    if point := POINT.fullmatch(match["file"]):
        return anchor_artifact(agent, clip, path.removesuffix(f"/{point['file']}"), point)
    if match["file"] == "preview.mp4":
        return preview_at(agent, f"clips/{path}", lambda: whole(agent, clip), clip), None
    frame = FRAME.fullmatch(match["file"])
    if frame is None or frame["kind"] != "source":
        raise GONE
    return picture(*whole(agent, clip), clip, int(frame["index"]), raw=bool(frame["raw"])), "image/png"


def anchor_artifact(agent: Agent, clip: Clip, base: str, asked: re.Match[str]) -> tuple[Path | bytes, str | None]:
    """Of a point that was measured; nothing else of an anchor is made for the asking."""
    frames, name, file = int(asked["frames"]), asked["anchor"], asked["file"]
    curve = agent.ladders.curve(clip.sha256, frames, name)
    points = {point_key(clip.sha256, frames, name, p): p for p in curve.points} if curve else {}
    point = points.get(f"clips/{base}")
    if point is None:
        raise GONE
    made = lambda what: anchor_file(agent, clip, frames, anchor_named(name), point, what)
    info = clip_info(clip, frames)
    frame = FRAME.fullmatch(file)
    if frame is not None and frame["kind"] == "decoded":
        return picture(made("decoded.yuv"), info, clip, int(frame["index"]), raw=bool(frame["raw"])), "image/png"
    if file == "preview.mp4":
        return preview_at(agent, f"clips/{base}/{file}", lambda: (made("decoded.yuv"), info), clip), None
    if file in ("frames.json", f"stream.{anchor_named(name).format}"):
        return made(file), None
    raise GONE


def anchor_file(agent: Agent, clip: Clip, frames: int, anchor: Anchor, point: AnchorPoint, name: str) -> Path:
    """A file of the point, from the cache, or made again together with its siblings."""
    artifacts, base = agent.tools.artifacts, point_key(clip.sha256, frames, anchor.name, point)
    found = artifacts.local(f"{base}/{name}")
    if found is not None:
        return found
    planes = planes_of_clip(clip, agent.tools.catalogue.planes(clip), frames)
    with agent.coding_anchor:  # what asks for the same point meanwhile waits, however long it takes
        found = artifacts.local(f"{base}/{name}")
        if found is not None:
            return found
        with the_machine(agent):
            check_space(agent, 2 * planes.info.frame_bytes * frames)
            with scratch(agent) as folder:
                again = made_again(agent, anchor, point, planes, folder)
                series = json.dumps(again.series, allow_nan=False).encode()
                artifacts.put_bytes(f"{base}/frames.json", series, droppable=True)
                artifacts.put_file(f"{base}/{again.coded.stream.name}", again.coded.stream, droppable=True)
                artifacts.put_file(f"{base}/decoded.yuv", again.coded.decoded, droppable=True)
            found = artifacts.local(f"{base}/{name}")
    if found is None:
        raise GONE
    return found


def made_again(agent: Agent, anchor: Anchor, point: AnchorPoint, planes: Planes, folder: Path) -> Again:
    try:
        return code_again(anchor, point, planes, folder, cancel=agent.halt)
    except NotTheSame as e:
        raise ApiError(409, "not_the_same", str(e)) from e
    except MeasureCancelled as e:
        raise ApiError(503, "stopping", "The agent is shutting down; ask again when it is back.") from e


def picture(planes: Path, info: VideoInfo, clip: Clip, index: int, *, raw: bool) -> bytes:
    """One frame of a raw planes file as an exact picture, or its samples as they are."""
    if index >= info.frames:
        raise not_found(f"Frame {index} does not exist: there are frames 0 to {info.frames - 1}.")
    if raw:
        return planes_png(planes, info, index)
    return frame_png(planes, None, info, index, "source", facts=clip)


def clip_info(clip: Clip, frames: int) -> VideoInfo:
    return VideoInfo(clip.width, clip.height, min(frames, clip.frames), clip.fps_fraction)


def whole(agent: Agent, clip: Clip) -> tuple[Path, VideoInfo]:
    source = source_of(clip, agent.tools.catalogue.planes(clip), None)
    return source.planes, source.info
