"""An archive of unknown origin: nothing in it is believed before it was checked, and no name in it is ever a path here.

The names that may occur follow from the record; sizes are bounded before anything is unpacked and again while it is;
every file must have the hash that the archive gives for it, and every bitstream the one of its point, and its size.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError

from ..blind import BlindTest
from ..models import Event, Experiment, ResultRow
from ..road.freeze import decoder_bytes, deflated
from ..store.folder import checked
from .figures import check_figures, packets_of
from .layout import (
    BLIND,
    FORMAT,
    GROWTH_FREE,
    KEPT,
    MANIFEST,
    MAX_FILES,
    MAX_GROWTH,
    MAX_PACKETS,
    MAX_TEXT,
    MAX_TOTAL,
    TEXTS,
    ArchiveError,
    artifact_paths,
    name_of,
)

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{5,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
PIECE = 1 << 20
APART = 0.1
"""Share by which the deflated code may be larger or smaller than another machine found it."""
EVENTS = TypeAdapter(list[Event])
TESTS = TypeAdapter(list[BlindTest])


class Listed(NamedTuple):
    """What the archive says of one of its files."""

    bytes: int
    sha256: str


class Archive:
    """A checked archive: `record`, `events` and `blind` are whole and fit together. Files are hashed once more as they are read."""

    def __init__(self, zipped: zipfile.ZipFile, files: dict[str, Listed], missing: list[str]):
        self._zip, self._files, self.missing = zipped, files, missing
        self._packets: dict[str, int] = {}
        self.record = self._record()
        self.events = self._events()
        self.blind = self._blind()
        self._check_names()
        for name in ("environment.json", "log.txt", "README.txt"):
            self._text(name)  # not used, but an archive is whole or refused

    def artifacts(self) -> list[str]:
        """Paths under the experiment's artifacts that are in the archive."""
        return [path for path in artifact_paths(self.record) if name_of(path) in self._files]

    def extract(self, path: str, target: Path) -> None:
        """One of `artifacts` into a file. Raises ArchiveError, and leaves nothing, where it is not what it should be."""
        row = artifact_paths(self.record)[path]
        try:
            with target.open("wb") as out:
                for piece in self._pieces(name_of(path)):
                    out.write(piece)
            if path.endswith(KEPT["bitstream"]):
                self._check_bitstream(target, path, row)
            else:
                json.loads(target.read_bytes())
        except (ArchiveError, ValueError) as e:
            target.unlink(missing_ok=True)
            raise e if isinstance(e, ArchiveError) else ArchiveError(f"{name_of(path)} is not JSON.") from e

    def _check_bitstream(self, file: Path, path: str, row: ResultRow) -> None:
        if self._files[name_of(path)].sha256 != row.bitstream_sha256:
            raise ArchiveError(f"{name_of(path)} is not the bitstream that was measured: its hash is another.")
        clip = next(clip for clip in self.record.clips if clip.name == row.clip)
        self._packets[path] = 0
        left = MAX_PACKETS - sum(self._packets.values())
        self._packets[path] = packets_of(file, name_of(path), row, clip, left)

    def _text(self, name: str) -> bytes:
        return b"".join(self._pieces(name))

    def _pieces(self, name: str) -> Iterator[bytes]:
        """The file's content, never more than is listed. Raises ArchiveError where size or hash are others."""
        listed, digest, left = self._files[name], hashlib.sha256(), self._files[name].bytes
        try:
            with self._zip.open(name) as file:
                while piece := file.read(min(PIECE, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise ArchiveError(f"{name} is larger than the archive says.")
                    digest.update(piece)
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as e:
            if isinstance(e, ArchiveError):
                raise
            raise ArchiveError(f"{name} cannot be unpacked: {e}") from e
        if left or digest.hexdigest() != listed.sha256:
            raise ArchiveError(f"{name} is damaged: it is not what the archive lists.")

    def _record(self) -> Experiment:
        try:
            record = Experiment.model_validate_json(self._text("record.json"))
        except ValidationError as e:
            first = e.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))[:120]
            raise ArchiveError(f"record.json is not a record of this version: {where}: {first['msg'][:200]}.") from e
        check_record(record)
        check_figures(record, {name: listed.bytes for name, listed in self._files.items()})
        if self._text("code.py") != record.code.encode():
            raise ArchiveError("code.py is not the code of the record.")
        return record

    def _events(self) -> list[Event]:
        try:
            events = EVENTS.validate_json(self._text("events.json"))
        except ValidationError as e:
            raise ArchiveError("events.json is not a list of events.") from e
        if [e.seq for e in events] != sorted({e.seq for e in events}) or any(e.seq < 1 for e in events):
            raise ArchiveError("events.json is not in order.")
        return events

    def _blind(self) -> list[BlindTest]:
        """Finished blind tests of this experiment; an archive may have none."""
        if BLIND not in self._files:
            return []
        try:
            tests = TESTS.validate_json(self._text(BLIND))
        except ValidationError as e:
            raise ArchiveError(f"{BLIND} is not a list of blind tests.") from e
        if len({t.id for t in tests}) != len(tests):
            raise ArchiveError(f"{BLIND} has one test twice.")
        for test in tests:
            check_test(test, self.record)
        return tests

    def _check_names(self) -> None:
        """Exactly the names that follow from the record, each there or told to be missing."""
        expected = {name_of(path) for path in artifact_paths(self.record)}
        there = set(self._files) - {*TEXTS, BLIND}
        if odd := sorted(there - expected):
            raise ArchiveError(f"The archive holds {odd[0][:120]!r}, which belongs to no point of its record.")
        if lost := sorted(expected - there - set(self.missing)):
            raise ArchiveError(f"The archive lacks {lost[0][:120]!r}.")


def check_record(record: Experiment) -> None:
    """What no run would have written, as a sentence."""
    if not ID.fullmatch(record.id):
        raise ArchiveError(f"{record.id[:80]!r} is no id of an experiment.")
    if not record.status.terminal:
        raise ArchiveError(f"The experiment has not ended: it is {record.status.value}.")
    code = record.code.encode()
    sizes = (decoder_bytes(record.code), deflated(record.code))  # older records count comments and docstrings too
    far = all(abs(record.decoder_bytes - size) > 64 + size * APART for size in sizes)  # zlibs differ a little
    if hashlib.sha256(code).hexdigest() != record.code_sha256 or far:
        raise ArchiveError("The record's code has another hash or size than the record says.")
    names = [clip.name for clip in record.clips]
    try:
        for name in names:
            if len(checked(name)) != 1:
                raise ValueError(name)
    except ValueError as e:
        raise ArchiveError("The record names a clip in a way that no catalogue does.") from e
    points = [(row.clip, row.rate) for row in record.results]
    if len(set(points)) != len(points) or any(row.clip not in names for row in record.results):
        raise ArchiveError("The record's points do not fit its clips.")
    artifact_paths(record)


def check_test(test: BlindTest, record: Experiment) -> None:
    """What no blind test of this experiment could be, as a sentence."""
    if record.id not in test.experiments or test.clip_sha256 not in {clip.sha256 for clip in record.clips}:
        raise ArchiveError(f"The blind test {test.id} is not about this experiment and a clip of it.")
    if test.closed_at is None or test.elsewhere or len(test.answered) != len(test.trials):
        raise ArchiveError(f"The blind test {test.id} was not finished.")
    try:
        for point in test.points:
            for path in (point.preview, point.exact):
                parts = checked(unquote(path.replace("{frame}", "0")))
                if point.experiment is not None and parts[0] != point.experiment:
                    raise ValueError(path)
    except ValueError as e:
        raise ArchiveError(f"The blind test {test.id} names a path that is none of its points.") from e


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Raises ArchiveError with a sentence for anything but a whole archive of this format."""
    try:
        zipped = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as e:
        reason = getattr(e, "strerror", None) or "it is no zip file"
        raise ArchiveError(f"{file} cannot be opened: {reason}.") from e
    with zipped:
        yield Archive(zipped, *listing(zipped))


def listing(zipped: zipfile.ZipFile) -> tuple[dict[str, Listed], list[str]]:
    """What the manifest lists, held against the zip's own directory, and what it says is missing."""
    entries = zipped.infolist()
    by_name = {entry.filename: entry for entry in entries}
    if len(entries) > MAX_FILES or len(by_name) != len(entries):
        raise ArchiveError("The archive holds too many files, or one name twice.")
    if MANIFEST not in by_name or by_name[MANIFEST].file_size > MAX_TEXT:
        raise ArchiveError(f"This is no experiment's archive: it has no {MANIFEST}.")
    manifest = read_manifest(zipped)
    files = {name: listed_of(name, value) for name, value in manifest["files"].items()}
    if set(files) != set(by_name) - {MANIFEST} or not set(TEXTS) <= set(files):
        raise ArchiveError("The archive's list does not name exactly the files that are in it.")
    for name, listed in files.items():
        if by_name[name].file_size != listed.bytes or by_name[name].flag_bits & 1:
            raise ArchiveError(f"{name[:120]!r} has another size than the archive lists, or is encrypted.")
        if not name.endswith(".clb") and listed.bytes > MAX_TEXT:
            raise ArchiveError(f"{name[:120]!r} is too large: {listed.bytes / 1e6:.0f} MB.")
    if (total := sum(listed.bytes for listed in files.values())) > MAX_TOTAL:
        raise ArchiveError(
            f"The archive would unpack to {total / 1e9:.1f} GB; at most {MAX_TOTAL / 1e9:.1f} GB are taken."
        )
    packed = os.fstat(zipped.fp.fileno()).st_size  # the sizes in its directory may lie
    if total > GROWTH_FREE + MAX_GROWTH * packed:
        raise ArchiveError(
            f"The archive would unpack from {packed / 1e6:.1f} MB to {total / 1e6:.0f} MB; it is a bomb."
        )
    return files, [name for name in manifest["missing"] if isinstance(name, str)]


def read_manifest(zipped: zipfile.ZipFile) -> dict[str, Any]:
    try:
        with zipped.open(MANIFEST) as file:
            text = file.read(MAX_TEXT + 1)
        manifest = json.loads(text) if len(text) <= MAX_TEXT else None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        RecursionError,
    ) as e:
        raise ArchiveError(f"{MANIFEST} cannot be read.") from e
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArchiveError(f"This is no archive of the format {FORMAT}.")
    if not isinstance(manifest.get("files"), dict) or not isinstance(manifest.get("missing"), list):
        raise ArchiveError(f"{MANIFEST} lists no files.")
    return manifest


def listed_of(name: str, value: Any) -> Listed:
    size, sha256 = (value.get("bytes"), value.get("sha256")) if isinstance(value, dict) else (None, None)
    good = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= MAX_TOTAL
    if not good or not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise ArchiveError(f"{MANIFEST} says nothing useful of {name[:120]!r}.")
    return Listed(size, sha256)
