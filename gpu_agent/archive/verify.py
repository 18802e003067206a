"""An archive's claim on the bench: each point is encoded and decoded again in the jail, and its hashes compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..clips import Catalogue
from ..hashing import file_sha256
from ..models import Clip, Experiment, ResultRow
from ..road.kit import show_compiled_kit, uses_compiled_kit
from ..road.report import RunFailed
from ..road.tools import Tools, rate_key
from ..road.trip import code_and_decode, decode_to, source_of
from .layout import KEPT
from .read import Archive


class Confirmed(NamedTuple):
    """One point. None: it could not be tried, and `why` says so; `why` also tells what went wrong where it was."""

    clip: str
    rate: str
    bitstream: bool | None
    frames: bool | None
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.bitstream is True and self.frames is True

    @property
    def text(self) -> str:
        said = {True: "same", False: "DIFFERENT", None: "not tried"}
        why = f"  ({self.why})" if self.why else ""
        return f"{self.clip} {self.rate}: bitstream {said[self.bitstream]}, decoded frames {said[self.frames]}{why}"


def verify(
    archive: Archive,
    tools: Tools,
    clips: dict[str, Clip],
    cancel: threading.Event,
    tick: Callable[[str, int, int], None] = lambda *_: None,
) -> Iterator[Confirmed]:
    """Each point in the record's order. `clips` are those of the record that are here with the same frames, by name.

    Where a clip is not here its bitstreams are decoded all the same: that needs no source.
    """
    record = archive.record
    if uses_compiled_kit(record.code):
        show_compiled_kit(tools)
    for row in record.results:
        if cancel.is_set():
            return
        with tools.workspace(f"{record.id}-verify") as folder:
            yield point(archive, record, row, tools, clips.get(row.clip), folder, cancel, tick)


def point(
    archive: Archive,
    record: Experiment,
    row: ResultRow,
    tools: Tools,
    clip: Clip | None,
    folder: Path,
    cancel: threading.Event,
    tick: Callable[[str, int, int], None],
) -> Confirmed:
    name, rate = row.clip, rate_key(row.rate)
    ref = next(ref for ref in record.clips if ref.name == row.clip)
    try:
        tools.make_room((ref.width or 0) * (ref.height or 0) * 3 // 2 * row.frames)
    except RunFailed as full:
        return Confirmed(name, rate, None, None, full.failure.message)
    if clip is None:
        frames, why = decoded_same(archive, record, row, tools, folder, cancel, tick)
        return Confirmed(name, rate, None, frames, why or "the clip is not here, so nothing can be encoded again")
    source = source_of(clip, tools.catalogue.planes(clip, cancel=cancel.is_set), row.frames)
    try:
        coded = code_and_decode(tools, record, source, row.rate, folder, tick, cancel)
    except RunFailed as failed:
        return Confirmed(name, rate, False, None, failed.failure.message)
    if file_sha256(coded.bitstream) == row.bitstream_sha256:
        return Confirmed(name, rate, True, file_sha256(coded.decoded) == row.decoded_sha256)
    frames, why = decoded_same(archive, record, row, tools, folder, cancel, tick)
    return Confirmed(name, rate, False, frames, why)


def decoded_same(
    archive: Archive,
    record: Experiment,
    row: ResultRow,
    tools: Tools,
    folder: Path,
    cancel: threading.Event,
    tick: Callable[[str, int, int], None],
) -> tuple[bool | None, str]:
    """Whether the archive's own bitstream decodes to the frames that were measured."""
    path = f"{row.clip}/{rate_key(row.rate)}/{KEPT['bitstream']}"
    if path not in archive.artifacts():
        return None, "its bitstream is not in the archive"
    stored, target = folder / "stored.clb", folder / "again.yuv"
    archive.extract(path, stored)
    with tools.gate:
        outcome = decode_to(tools, record, stored, target, tick, cancel)
    if outcome.failure is not None:
        return False, outcome.failure.message
    return file_sha256(target) == row.decoded_sha256, ""


def clips_here(record: Experiment, catalogue: Catalogue, more: list[Clip]) -> dict[str, Clip]:
    """Clips with the very frames that the record names, whatever they are called here."""
    known = {clip.sha256: clip for clip in [*catalogue.list(), *more]}
    return {ref.name: known[ref.sha256] for ref in record.clips if ref.sha256 in known}
