"""Taking in a person's file: a safe name for it, its body to disk in pieces, bounded in size and by free space."""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from .errors import Cancel, ClipError, Progress, check_cancel

CHUNK = 1 << 20
SUFFIXES = {
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".y4m", ".264", ".h264", ".avc", ".265", ".h265", ".hevc"),
    *(".ivf", ".ts", ".mpg", ".mpeg", ".flv", ".ogv", ".obu", ".gif"),
}
GB = 10**9
LONGEST = 48


def safe_name(given: str) -> tuple[str, str]:
    """A clip's name and its file's suffix from what a browser or a person called the file.

    The name is 1–48 of a–z, 0–9, - and _, beginning with a letter or digit: safe in paths, URLs and a shell. The
    suffix is one the lab knows, else empty (FFmpeg then goes by the content alone).
    """
    last = PurePosixPath(given.replace("\\", "/").rstrip("/")).name
    suffix = PurePosixPath(last).suffix.lower()
    suffix = suffix if suffix in SUFFIXES else ""
    stem = last[: len(last) - len(suffix)] if suffix else last
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", plain)
    name = re.sub(r"-{2,}", "-", name).lstrip("-_")[:LONGEST].rstrip("-_")
    return name or "clip", suffix


def safe_title(given: str) -> str:
    """The name as given, for people: without folders and control characters, at most 120 characters."""
    last = given.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    return shown[:120] or "Clip"


def receive(
    stream: BinaryIO,
    length: int | None,
    target: Path,
    *,
    limit_gb: float,
    floor_gb: float,
    cancel: Cancel = None,
    on_progress: Progress = None,
) -> str:
    """Write `stream` to `target`, which must not exist; the sha256 of the bytes.

    `length` is what the sender announced (None: until the stream ends). Raises ClipError for an empty, short or
    oversized body or too little disk; `target` is then the caller's to remove.
    """
    limit = int(limit_gb * GB)
    if length is not None and length > limit:
        raise ClipError(f"The file has {length / GB:.2f} GB; uploads are limited to {limit_gb:g} GB.")
    digest, done = hashlib.sha256(), 0
    with target.open("xb") as file:
        while length is None or done < length:
            check_cancel(cancel)
            ensure_space(target.parent, CHUNK if length is None else length - done, floor_gb)
            try:
                piece = stream.read(CHUNK if length is None else min(CHUNK, length - done))
            except (OSError, EOFError) as error:
                raise ClipError(f"The upload broke off after {done} bytes; send the file again.") from error
            if not piece:
                break
            done += len(piece)
            if done > limit:
                raise ClipError(f"The file is larger than {limit_gb:g} GB, the limit for uploads.")
            digest.update(piece)
            file.write(piece)
            if on_progress is not None:
                on_progress(done, length)
    if length is not None and done < length:
        raise ClipError(f"The upload broke off after {done} of {length} bytes; send the file again.")
    if done == 0:
        raise ClipError("The file is empty.")
    return digest.hexdigest()


def ensure_space(folder: Path, needed: int, floor_gb: float) -> None:
    """Raise ClipError unless `needed` bytes fit on the disk of `folder` with `floor_gb` left over."""
    free = shutil.disk_usage(folder).free
    if free - needed < floor_gb * GB:
        raise ClipError(
            f"Not enough disk space: {needed / GB:.2f} GB more are needed, {free / GB:.2f} GB are free "
            f"and {floor_gb:g} GB stay reserved."
        )
