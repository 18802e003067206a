"""`./lab export ID` and `./lab import FILE.zip`: exit code 0 done, 1 refused with a sentence, 2 wrong usage."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError

from ..settings import AgentSettings, settings_sentence
from ..store import StoreError
from ..store.open import open_artifacts, open_blind, open_experiments
from .layout import ArchiveError
from .read import open_archive
from .restore import restore
from .write import write_archive

EVENTS = 100_000


def add_parsers(commands) -> None:
    e = commands.add_parser("export", prog="./lab export", help="write everything an experiment has into one zip")
    e.add_argument("id", metavar="ID", help="the experiment's id, as its page and URL have it")
    e.add_argument("-o", "--output", metavar="FILE", help="default: ID.zip in the current folder")
    i = commands.add_parser(
        "import", prog="./lab import", help="restore experiments from zips that another lab exported"
    )
    i.add_argument("files", metavar="FILE.zip", nargs="+")


def main(options: argparse.Namespace) -> int:
    word = options.command
    try:
        settings = AgentSettings()
        return exported(settings, options) if word == "export" else imported(settings, options.files)
    except ValidationError as e:
        return wrong(word, settings_sentence(e), 2)
    except (ArchiveError, StoreError) as e:
        return wrong(word, str(e))
    except OSError as e:
        return wrong(word, f"{e.filename or ''} {e.strerror or e}".strip())


def exported(settings: AgentSettings, options: argparse.Namespace) -> int:
    store = open_experiments(settings)
    record = store.get(options.id)
    if record is None:
        return wrong("export", f"There is no experiment {options.id!r} in this lab's store.")
    target = Path(options.output or f"{record.id}.zip")
    events = store.events(record.id, limit=EVENTS)
    blind = open_blind(settings).of_experiment(record.id)
    with tempfile.NamedTemporaryFile(dir=target.absolute().parent, prefix=".new-", delete=False) as out:
        try:
            write_archive(record, events, blind, open_artifacts(settings), out)
            out.flush()
            os.chmod(out.name, 0o644)
            os.replace(out.name, target)
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise
    print(f"{target}: {record.title}")
    return 0


def imported(settings: AgentSettings, files: list[str]) -> int:
    """Each file for itself: one that is refused does not keep the others out."""
    store, artifacts, blind = open_experiments(settings), open_artifacts(settings), open_blind(settings)
    failed = 0
    for name in files:
        try:
            with open_archive(Path(name)) as archive:
                done = restore(archive, store, artifacts, blind)
                said = "restored" if done == "new" else "was here already"
                print(f"{name}: {archive.record.id} {said}: {archive.record.title}")
        except (ArchiveError, StoreError) as e:
            failed = wrong("import", f"{name}: {e}")
    return failed


def wrong(word: str, sentence: str, code: int = 1) -> int:
    print(f"lab {word}: {sentence}", file=sys.stderr)
    return code
