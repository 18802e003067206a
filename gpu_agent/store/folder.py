"""Artifacts as files in two folders: one that is kept, one that may be dropped when space is short."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from .disk import files_below
from .protocols import StoreError

SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")


class FolderArtifacts:
    """`ArtifactStore` over the file system. Writes are whole or not at all (temporary file, then rename)."""

    def __init__(self, kept: Path, droppable: Path):
        self.kept, self.droppable = kept, droppable

    def put_file(self, key: str, path: Path, *, droppable: bool = False) -> None:
        target = self._target(key, droppable)
        try:
            os.replace(path, target)
        except OSError:
            self._put(target, lambda out: shutil.copyfile(path, out))
            path.unlink(missing_ok=True)

    def put_bytes(self, key: str, data: bytes, *, droppable: bool = False) -> None:
        self._put(self._target(key, droppable), lambda out: Path(out).write_bytes(data))

    def _put(self, target: Path, write) -> None:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        os.close(handle)
        try:
            write(name)
            os.chmod(name, 0o644)
            os.replace(name, target)
        except OSError as e:
            raise StoreError(f"{target.name} cannot be stored: {e.strerror}.") from e
        finally:
            Path(name).unlink(missing_ok=True)

    def local(self, key: str) -> Path | None:
        parts = checked(key)
        for folder in (self.kept, self.droppable):
            path = folder.joinpath(*parts)
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return path
        return None

    def keys(self, prefix: str) -> list[str]:
        parts = checked(prefix)
        found: set[str] = set()
        for folder in (self.kept, self.droppable):
            base = folder.joinpath(*parts)
            found |= {p.relative_to(folder).as_posix() for p in files_below(base) if p.name[0] != "."}
        return sorted(found)

    def url(self, key: str) -> str | None:
        """None: files are served, not linked to."""
        checked(key)
        return None

    def _target(self, key: str, droppable: bool) -> Path:
        target = (self.droppable if droppable else self.kept).joinpath(*checked(key))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise StoreError(f"The folder for {key} cannot be made: {e.strerror}.") from e
        return target


def checked(key: str) -> list[str]:
    """The parts of a key, each a plain name. Raises ValueError on anything that could leave the folder."""
    parts = key.split("/")
    if not parts or not all(SAFE_PART.fullmatch(p) for p in parts):
        raise ValueError(f"not an artifact key: {key[:200]!r}")
    return parts
