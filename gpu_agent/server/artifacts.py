"""Artifacts by path, made again where they may be dropped: previews and decoded planes come back from the bitstream.

{experiment}/code.py                                the module that ran
{experiment}/{clip}/r{rate}/bitstream.clb           kept, as is frames.json
{experiment}/{clip}/r{rate}/preview.mp4             made again when it was dropped
{experiment}/{clip}/r{rate}/decoded.y4m             the exact decoded frames
{experiment}/{clip}/r{rate}/frames/{n}/{kind}.png   exact frame: source, decoded or difference (?gain=)
clips/{sha256}/preview.mp4                          preview of the source
"""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..codec_kit.frames import VideoInfo
from ..models import Clip, Experiment, ResultRow
from ..preview import frame_png, make_preview, plane_y4m
from ..road.point import Source, decode_to, file_sha256, source_of
from ..road.tools import rate_key
from .errors import ApiError, not_found

if TYPE_CHECKING:
    from .app import Agent

POINT = re.compile(r"(?P<clip>[^/]+)/(?P<rate>r[^/]+)/(?P<file>.+)")
FRAME = re.compile(r"frames/(?P<index>\d{1,9})/(?P<kind>source|decoded|difference)\.png")
SOURCE_PREVIEW = re.compile(r"(?P<sha>[0-9a-f]{64})/preview\.mp4")
GONE = ApiError(404, "not_found", "There is no such artifact.")


def artifact(agent: Agent, owner: str, path: str, query: dict[str, str]) -> tuple[Path | bytes, str | None]:
    """The artifact as a file or as bytes with its content type. Raises ApiError."""
    if owner == "clips":
        return source_preview(agent, path), None
    record = agent.store.get(owner)
    if record is None:
        raise not_found(f"There is no experiment {owner}.")
    if path == "code.py":
        return record.code.encode(), "text/x-python; charset=utf-8"
    match = POINT.fullmatch(path)
    if match is None:
        raise GONE
    row = next((r for r in record.results if r.clip == match["clip"] and rate_key(r.rate) == match["rate"]), None)
    if row is None:
        raise GONE
    frame = FRAME.fullmatch(match["file"])
    if frame:
        return exact_frame(agent, record, row, int(frame["index"]), frame["kind"], query), "image/png"
    if match["file"] == "decoded.y4m":
        return decoded_y4m(agent, record, row), None
    if match["file"] == "preview.mp4":
        return point_preview(agent, record, row), None
    try:
        found = agent.tools.artifacts.local(f"{owner}/{path}")
    except ValueError:
        raise GONE from None
    if found is None:
        raise GONE
    return found, None


def source_preview(agent: Agent, path: str) -> Path:
    match = SOURCE_PREVIEW.fullmatch(path)
    clip = next((c for c in agent.tools.catalogue.list() if match and c.sha256 == match["sha"]), None)
    if clip is None:
        raise GONE
    return preview_at(agent, f"clips/{clip.sha256}/preview.mp4", lambda: whole(agent, clip), clip)


def point_preview(agent: Agent, record: Experiment, row: ResultRow) -> Path:
    clip = clip_of(agent, row.clip)
    key = f"{record.id}/{row.clip}/{rate_key(row.rate)}/preview.mp4"
    return preview_at(agent, key, lambda: (decoded_planes(agent, record, row), info_of(agent, record, row)), clip)


def preview_at(agent: Agent, key: str, planes_of, clip: Clip) -> Path:
    found = agent.tools.artifacts.local(key)
    if found is not None:
        return found
    with agent.remaking:
        found = agent.tools.artifacts.local(key)
        if found is None:
            planes, info = planes_of()
            with scratch(agent) as folder:
                make_preview(planes, info, folder / "preview.mp4", clip_facts=clip)
                agent.tools.artifacts.put_file(key, folder / "preview.mp4", droppable=True)
            found = agent.tools.artifacts.local(key)
    if found is None:
        raise GONE
    return found


def exact_frame(
    agent: Agent, record: Experiment, row: ResultRow, index: int, kind: str, query: dict[str, str]
) -> bytes:
    if index >= row.frames:
        raise not_found(f"Frame {index} does not exist: the run has frames 0 to {row.frames - 1}.")
    try:
        gain = min(64.0, max(1.0, float(query.get("gain", "8"))))
    except ValueError as e:
        raise ApiError(400, "invalid_request", "gain is a number from 1 to 64.") from e
    source = source_for(agent, record, row)
    decoded = None if kind == "source" else decoded_planes(agent, record, row)
    return frame_png(source.planes, decoded, source.info, index, kind, gain=gain, facts=source.clip)


def decoded_y4m(agent: Agent, record: Experiment, row: ResultRow) -> Path:
    key = f"{record.id}/{row.clip}/{rate_key(row.rate)}/decoded.y4m"
    if agent.tools.artifacts.local(key) is None:
        planes, info = decoded_planes(agent, record, row), info_of(agent, record, row)
        with agent.remaking, scratch(agent) as folder:
            with (folder / "decoded.y4m").open("wb") as out:
                plane_y4m(planes, info, out)
            agent.tools.artifacts.put_file(key, folder / "decoded.y4m", droppable=True)
    found = agent.tools.artifacts.local(key)
    if found is None:
        raise GONE
    return found


def decoded_planes(agent: Agent, record: Experiment, row: ResultRow) -> Path:
    """The decoded planes, decoded again in the jail where they were dropped, and only if they come out the same."""
    base = f"{record.id}/{row.clip}/{rate_key(row.rate)}"
    found = agent.tools.artifacts.local(f"{base}/decoded.yuv")
    if found is not None:
        return found
    bitstream = agent.tools.artifacts.local(f"{base}/bitstream.clb")
    if bitstream is None:
        raise GONE
    with agent.tools.gate, scratch(agent) as folder:
        target = folder / "decoded.yuv"
        outcome = decode_to(agent.tools, record, bitstream, target, lambda *_: None, threading.Event())
        failure = outcome.failure
        if failure is not None:
            raise ApiError(409, "decode_failed", f"Decoding the stored bitstream again failed: {failure.message}")
        if file_sha256(target) != row.decoded_sha256:
            raise ApiError(
                409, "not_deterministic", "Decoding the stored bitstream again gave other frames than the run."
            )
        agent.tools.artifacts.put_file(f"{base}/decoded.yuv", target, droppable=True)
    found = agent.tools.artifacts.local(f"{base}/decoded.yuv")
    if found is None:
        raise GONE
    return found


def source_for(agent: Agent, record: Experiment, row: ResultRow) -> Source:
    clip = clip_of(agent, row.clip)
    ref = next((c for c in record.clips if c.name == row.clip), None)
    if ref is not None and ref.sha256 != clip.sha256:
        raise not_found(f"The clip {row.clip} has changed since this run; its source frames are not here any more.")
    return source_of(clip, agent.tools.catalogue.planes(clip), row.frames)


def info_of(agent: Agent, record: Experiment, row: ResultRow) -> VideoInfo:
    clip = clip_of(agent, row.clip)
    return VideoInfo(clip.width, clip.height, row.frames, clip.fps_fraction)


def whole(agent: Agent, clip: Clip) -> tuple[Path, VideoInfo]:
    source = source_of(clip, agent.tools.catalogue.planes(clip), None)
    return source.planes, source.info


def clip_of(agent: Agent, name: str) -> Clip:
    return agent.tools.catalogue.get(name)


def scratch(agent: Agent):
    """A temporary folder on the cache's file system, so that finished files are moved and not copied."""
    folder = agent.tools.settings.cache / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return Scratch(dir=folder, prefix="again-")


class Scratch(tempfile.TemporaryDirectory):
    def __enter__(self) -> Path:
        return Path(super().__enter__())
