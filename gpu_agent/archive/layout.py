"""What lies where in an experiment's archive, and how large it may be. Writer and reader agree on this alone.

archive.json                 format, id, and of every other file its size and SHA-256; what was not there any more
record.json                  the record without its lease
code.py                      the module that ran
events.json                  what the run reported, in order
environment.json, log.txt    parts of the record, for people
blind.json                   the finished blind tests with a point of it; only where there are any
artifacts/CLIP/rRATE/…       bitstream.clb, frames.json and perceptual.json (per-frame figures), worst.json of each point
README.txt                   what this is and how it is restored

The same experiment gives the same bytes: files in this order, no times, fixed modes and compression.
"""

from __future__ import annotations

from ..models import Experiment, ResultRow
from ..road.tools import rate_key
from ..store.folder import checked

FORMAT = "codec-lab-experiment/1"
MANIFEST = "archive.json"
TEXTS = ("record.json", "code.py", "events.json", "environment.json", "log.txt", "README.txt")
BLIND = "blind.json"
KEPT = {
    "bitstream": "bitstream.clb",
    "frames": "frames.json",
    "worst": "worst.json",
    "perceptual": "perceptual.json",
}
"""Artifacts of a point that go along; previews, planes and pictures are made again from the bitstream."""

MAX_FILES = 4096
MAX_TEXT = 64 << 20
MAX_TOTAL = 8 << 30
MAX_GROWTH, GROWTH_FREE = 100, 64 << 20
"""What an archive unpacks to may be so many times its own size, and this much in any case. Its bitstreams are stored as
they are and its texts deflate to a tenth; zeros to a thousandth."""
MAX_PACKETS = 4 << 20
"""Of all its bitstreams together: twenty clips of a minute, four rates, some packets a frame. Each costs a microsecond."""
MAX_SIDE, MAX_FRAMES = 8192, 1 << 20
"""Of a clip: as large as the lab takes them, and ten hours."""
MAX_PATH = 400

README = """This is one experiment of Codec Lab, whole: its record, code, bitstreams, per-frame figures, events and environment.

  ./lab import {name}          restores it in another lab
  ./lab eval --verify {name}   encodes and decodes again in the jail and compares every bitstream with its hash

code.py is a video codec that a person or a language model wrote. Run it in a jail only.
"""


class ArchiveError(ValueError):
    """The file is not a whole, honest archive, or cannot be restored here: a sentence for the person."""


def artifact_paths(record: Experiment) -> dict[str, ResultRow]:
    """Paths under the experiment's artifacts that belong into the archive, with their point.

    Raises ArchiveError where a record names another path than the road would have written.
    """
    found: dict[str, ResultRow] = {}
    for row in record.results:
        for name, file in KEPT.items():
            path = row.artifacts.get(name)
            if path is None:
                continue
            if path != f"{row.clip}/{rate_key(row.rate)}/{file}":
                raise ArchiveError(
                    f"The record names the odd path {path[:MAX_PATH]!r} for {name} of {row.clip[:80]!r}."
                )
            try:
                checked(path)
            except ValueError as e:
                raise ArchiveError(f"The record names a path that is none: {path[:MAX_PATH]!r}.") from e
            found[path] = row
    return found


def name_of(path: str) -> str:
    return f"artifacts/{path}"
