"""An experiment into a zip, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from ..blind import BlindTest
from ..hashing import file_sha256
from ..models import Event, Experiment
from ..store import ArtifactStore
from .layout import BLIND, FORMAT, MANIFEST, README, TEXTS, ArchiveError, artifact_paths, name_of

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: times of files say nothing here and would change the bytes."""


def write_archive(
    record: Experiment,
    events: Sequence[Event],
    blind: Sequence[BlindTest],
    artifacts: ArtifactStore,
    out: BinaryIO,
) -> None:
    """Write a finished experiment. What is not in the store any more is listed as missing, never left out silently.

    Of its blind tests the closed ones go along: an open one's answers are told to nobody.
    Raises ArchiveError for one that has not ended.
    """
    if not record.status.terminal:
        raise ArchiveError(f"{record.id} has not ended: it is {record.status.value}. Export it when it is done.")
    files: dict[str, bytes | Path] = dict(zip(TEXTS, texts(record, events)))
    closed = sorted((t for t in blind if t.closed_at), key=lambda t: (t.created_at, t.id))
    if closed:
        files[BLIND] = encoded([t.told.model_dump(mode="json", exclude={"elsewhere"}) for t in closed])
    missing = []
    for path in sorted(artifact_paths(record)):
        found = artifacts.local(f"{record.id}/{path}")
        if found is None:
            missing.append(name_of(path))
        else:
            files[name_of(path)] = found
    manifest = {
        "format": FORMAT,
        "id": record.id,
        "files": {name: {"bytes": size_of(data), "sha256": sha256_of(data)} for name, data in files.items()},
        "missing": missing,
    }
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in ({MANIFEST: encoded(manifest)} | files).items():
            put(archive, name, data)


def texts(record: Experiment, events: Sequence[Event]) -> list[bytes]:
    """In the order of TEXTS."""
    return [
        record.model_dump_json(indent=2, exclude={"lease"}).encode() + b"\n",
        record.code.encode(),
        encoded([e.model_dump(mode="json") for e in events]),
        encoded(record.environment),
        record.log.encode(),
        README.format(name=f"{record.id}.zip").encode(),
    ]


def encoded(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def size_of(data: bytes | Path) -> int:
    return data.stat().st_size if isinstance(data, Path) else len(data)


def sha256_of(data: bytes | Path) -> str:
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else file_sha256(data)


def put(archive: zipfile.ZipFile, name: str, data: bytes | Path) -> None:
    """Bitstreams as they are, since they do not get smaller; everything else deflated."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system, info.external_attr = 3, 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".clb") else zipfile.ZIP_DEFLATED
    info.file_size = size_of(data)
    with archive.open(info, "w") as target:
        if isinstance(data, bytes):
            target.write(data)
        else:
            with data.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
