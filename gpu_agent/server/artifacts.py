"""Artifacts by path, made again where they may be dropped: previews and decoded planes come back from the bitstream.

{experiment}/code.py                                the module that ran
{experiment}/{clip}/r{rate}/bitstream.clb           kept, as are frames.json and worst.json
{experiment}/{clip}/r{rate}/worst/{name}.png        a worst frame as worst.json names it: source, decoded, error
{experiment}/{clip}/r{rate}/preview.mp4             made again when it was dropped
{experiment}/{clip}/r{rate}/decoded.y4m             the exact decoded frames; decoded.yuv: their planes alone
{experiment}/{clip}/r{rate}/frames/{n}/{kind}.png   exact frame: source, decoded or difference (?gain=)
{experiment}/{clip}/r{rate}/frames/{n}/decoded.planes.png   its Y, U and V samples, unconverted (see `planes_png`)
clips/{sha256}/...                                  what belongs to a clip: see `clip_artifacts`
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..clips import ClipError, ReadingUnavailable
from ..codec_kit.frames import VideoInfo
from ..hashing import file_sha256
from ..models import Clip, Experiment, ResultRow
from ..preview import frame_png, make_preview, plane_y4m, planes_png
from ..road.tools import rate_key
from ..road.trip import Source, decode_to, source_of
from ..road.worst import picture, read_list
from .errors import ApiError, not_found

if TYPE_CHECKING:
    from .app import Agent

POINT = re.compile(r"(?P<clip>[^/]+)/(?P<rate>r[^/]+)/(?P<file>.+)")
FRAME = re.compile(
    r"frames/(?P<index>[0-9]{1,9})/(?P<kind>source|decoded|difference|source\.planes|decoded\.planes)\.png"
)
GATE_SECONDS = 30.0
GONE = ApiError(404, "not_found", "There is no such artifact.")


def artifact(agent: Agent, owner: str, path: str, query: dict[str, str]) -> tuple[Path | bytes, str | None]:
    """The artifact as a file or as bytes with its content type. Raises ApiError."""
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
    if match["file"] == "decoded.yuv":
        return decoded_planes(agent, record, row), None
    if match["file"] == "decoded.y4m":
        return decoded_y4m(agent, record, row), None
    if match["file"] == "preview.mp4":
        return point_preview(agent, record, row), None
    try:
        found = agent.tools.artifacts.local(f"{owner}/{path}")
    except ValueError:
        raise GONE from None
    if found is None and match["file"].startswith("worst/"):
        return worst_picture(agent, record, row, match["file"]), "image/png"
    if found is None:
        raise GONE
    return found, None


def worst_picture(agent: Agent, record: Experiment, row: ResultRow, file: str) -> bytes:
    """One that was dropped, made again."""
    listed = agent.tools.artifacts.local(f"{record.id}/{row.clip}/{rate_key(row.rate)}/worst.json")
    worst = next((w for w in read_list(listed) if w.file == file), None) if listed else None
    if worst is None:
        raise GONE
    source = source_for(agent, record, row)
    return picture(worst, source.planes, decoded_planes(agent, record, row), source.info, source.clip)


def point_preview(agent: Agent, record: Experiment, row: ResultRow) -> Path:
    key = f"{record.id}/{row.clip}/{rate_key(row.rate)}/preview.mp4"
    found = agent.tools.artifacts.local(key)
    if found is not None:
        return found
    clip = clip_of(agent, row.clip)
    return preview_at(agent, key, lambda: (decoded_planes(agent, record, row), info_of(record, row)), clip)


def preview_at(agent: Agent, key: str, planes_of: Callable[[], tuple[Path, VideoInfo]], clip: Clip) -> Path:
    found = agent.tools.artifacts.local(key)
    if found is not None:
        return found
    planes, info = planes_of()
    with agent.remaking:
        found = agent.tools.artifacts.local(key)
        if found is None:
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
    decoded = None if kind.startswith("source") else decoded_planes(agent, record, row)
    if kind.endswith(".planes"):
        return planes_png(decoded or source.planes, source.info, index)
    return frame_png(source.planes, decoded, source.info, index, kind, gain=gain, facts=source.clip)


def decoded_y4m(agent: Agent, record: Experiment, row: ResultRow) -> Path:
    key = f"{record.id}/{row.clip}/{rate_key(row.rate)}/decoded.y4m"
    if agent.tools.artifacts.local(key) is None:
        planes, info = decoded_planes(agent, record, row), info_of(record, row)
        check_space(agent, planes.stat().st_size)
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
    with the_machine(agent):
        found = agent.tools.artifacts.local(f"{base}/decoded.yuv")  # another request made it meanwhile
        if found is None:
            with scratch(agent) as folder:
                target = folder / "decoded.yuv"
                decode_again(agent, record, row, target)
                agent.tools.artifacts.put_file(f"{base}/decoded.yuv", target, droppable=True)
            found = agent.tools.artifacts.local(f"{base}/decoded.yuv")
    if found is None:
        raise GONE
    return found


def decode_again(agent: Agent, record: Experiment, row: ResultRow, target: Path) -> None:
    """Decode the stored bitstream, which must be the one that was measured, into the frames that were measured."""
    bitstream = agent.tools.artifacts.local(f"{record.id}/{row.clip}/{rate_key(row.rate)}/bitstream.clb")
    if bitstream is None:
        raise GONE
    if file_sha256(bitstream) != row.bitstream_sha256:
        message = "The stored bitstream is not the one that was measured: its hash is another. Rerun the experiment."
        raise ApiError(409, "bitstream_changed", message)
    check_space(agent, info_of(record, row).frame_bytes * row.frames)
    outcome = decode_to(agent.tools, record, bitstream, target, lambda *_: None, agent.halt)
    if outcome.failure is not None:
        message = f"Decoding the stored bitstream again failed: {outcome.failure.message}"
        raise ApiError(409, "decode_failed", message)
    if not outcome.ok:
        raise ApiError(503, "stopping", "The agent is shutting down; ask again when it is back.")
    if file_sha256(target) != row.decoded_sha256:
        message = "Decoding the stored bitstream again gave other frames than the run: this codec is not deterministic."
        raise ApiError(409, "not_deterministic", message)


@contextmanager
def the_machine(agent: Agent) -> Iterator[None]:
    """Codecs run one at a time. A request does not wait for a long run, nor hold a connection that long."""
    if not agent.tools.gate.acquire(timeout=GATE_SECONDS):
        message = "A codec runs just now, and this needs another decode. Ask again in a while."
        raise ApiError(503, "busy", message, {"Retry-After": "10"})
    try:
        yield
    finally:
        agent.tools.gate.release()


def check_space(agent: Agent, needed: int) -> None:
    """What is made again may not eat the space that must stay free; runs alone make room in the cache."""
    cache, floor = agent.tools.settings.cache, agent.tools.settings.disk_floor_gb
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free - needed < floor * 1e9:
        message = (
            f"The agent's disk is too full to make this again: {free / 1e9:.1f} GB are free, {floor:g} GB must stay."
        )
        raise ApiError(507, "disk_full", message)


def source_for(agent: Agent, record: Experiment, row: ResultRow) -> Source:
    clip = clip_of(agent, row.clip)
    ref = next((c for c in record.clips if c.name == row.clip), None)
    if ref is not None and ref.sha256 != clip.sha256:
        raise not_found(f"The clip {row.clip} has changed since this run; its source frames are not here any more.")
    return source_of(clip, agent.tools.catalogue.planes(clip), row.frames)


def info_of(record: Experiment, row: ResultRow) -> VideoInfo:
    """From the record, so that a run can be looked at when its clip is gone."""
    ref = next((c for c in record.clips if c.name == row.clip), None)
    if ref is None or ref.width is None or ref.height is None or ref.fps is None:
        raise GONE
    return VideoInfo(ref.width, ref.height, row.frames, Fraction(ref.fps))


def clip_of(agent: Agent, name: str) -> Clip:
    try:
        return agent.tools.catalogue.get(name)
    except ReadingUnavailable:
        raise
    except ClipError as e:
        raise not_found(str(e)) from e


def scratch(agent: Agent) -> Scratch:
    """A temporary folder on the cache's file system, so that finished files are moved and not copied."""
    folder = agent.tools.settings.cache / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return Scratch(dir=folder, prefix="again-")


class Scratch(tempfile.TemporaryDirectory):
    def __enter__(self) -> Path:
        return Path(super().__enter__())
