"""An archive into the stores of this lab: whole or not at all, and twice is once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from ..blind import BlindTest
from ..models import Experiment
from ..outline import IMPORTED
from ..owned_folder import OwnedFolder, sweep
from ..store import ArtifactStore, BlindStore, ExperimentStore
from .layout import ArchiveError
from .read import Archive

PREFIX = "codec-lab-import-"


def restore(
    archive: Archive, store: ExperimentStore, artifacts: ArtifactStore, blind: BlindStore
) -> Literal["new", "same"]:
    """Artifacts first, the record last, so that no record stands without what it names.

    "same" where the experiment is here already; files of it that were lost are put back, and blind tests that are not
    here. Raises ArchiveError where an id belongs to another experiment or test, or the archive is damaged; then
    nothing was changed.
    """
    record = archive.record
    known = store.get(record.id)
    refuse_other(known, record)
    fresh = [test for test in archive.blind if is_new(test, blind)]
    sweep(Path(tempfile.gettempdir()), PREFIX)
    with OwnedFolder(PREFIX) as folder:
        files = {}
        for number, path in enumerate(archive.artifacts()):
            files[path] = folder / str(number)
            archive.extract(path, files[path])
        for path, file in files.items():
            key = f"{record.id}/{path}"
            if known is None or artifacts.local(key) is None:
                artifacts.put_file(key, file)
    for test in fresh:
        blind.create(test.model_copy(update={"elsewhere": True}))
    if known is not None:
        return "same"
    store.keep_events(record.id, archive.events)
    warnings = record.warnings if IMPORTED in record.warnings else [*record.warnings, IMPORTED]
    # Who let a held run be ranked elsewhere did not look at it here.
    changes = {"warnings": warnings, "lease": None, "cancel_requested": False, "released": ""}
    if not store.create(record.model_copy(update=changes)):
        refuse_other(store.get(record.id), record)  # somebody else restored it meanwhile
        return "same"
    return "new"


def refuse_other(known: Experiment | None, record: Experiment) -> None:
    if known is not None and content(known) != content(record):
        raise ArchiveError(
            f"There is another experiment {record.id} here, with other content; nothing was changed. "
            "An id is never given to two experiments."
        )


def is_new(test: BlindTest, blind: BlindStore) -> bool:
    """False where it is here already, as it is when the other experiment that it is about was restored before."""
    known = blind.get(test.id)
    if known is not None and known.test.told != test:
        raise ArchiveError(
            f"There is another blind test {test.id} here, with other answers; nothing was changed. "
            "An id is never given to two tests."
        )
    return known is None


def content(record: Experiment) -> tuple:
    """What makes an experiment itself: what ran on what, and what came out. Titles, notes and later figures may change."""
    points = sorted((r.clip, r.rate, r.bytes, r.bitstream_sha256, r.decoded_sha256) for r in record.results)
    clips = [(c.name, c.sha256, c.frames) for c in record.clips]
    return record.code_sha256, record.created_at, record.status, clips, record.rates, record.frames, points
