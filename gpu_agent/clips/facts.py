"""Facts about clips on disk, one JSON file a clip, so that a catalogue is listed without decoding anything again.

A stored fact holds only as long as its signature: the file's size and time (or the scene's recipe), the decoder's
version, and RULES, which is raised whenever decoding or conversion here changes what frames come out.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import av
from pydantic import ValidationError

from gpu_agent.models import Clip, Model

RULES = 1


class StoredFacts(Model):
    signature: str
    file: str | None = None
    """Name of the uploaded file beside; null for the lab's own clips."""
    content_sha256: str | None = None
    clip: Clip


def full_signature(source: str) -> str:
    return f"{source} | rules {RULES} | PyAV {av.__version__}"


def load(folder: Path, name: str) -> StoredFacts | None:
    """The stored facts, or None where there are none that can be read (they are then made again)."""
    try:
        return StoredFacts.model_validate_json((folder / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValidationError, ValueError):
        return None


def save(folder: Path, facts: StoredFacts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{facts.clip.name}.{secrets.token_hex(4)}.part"
    part.write_text(facts.model_dump_json(indent=1))
    os.replace(part, folder / f"{facts.clip.name}.json")
