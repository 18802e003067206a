"""The catalogue: the lab's own clips and the person's, by name; facts once measured are kept, planes are cached.

Owns the folders `clips` (uploads and facts: kept) and `cache/planes` (raw planes: made again when dropped).
Safe to use from several threads; two processes may do the same work twice, with the same outcome.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import logging
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from gpu_agent.models import Clip
from gpu_agent.settings import AgentSettings
from gpu_agent.store.disk import remove_abandoned

from . import facts as stored
from . import uploads
from .builtin import BUILTINS, DEFAULT, Builtin, file_signature
from .errors import Cancel, ClipError, Progress, check_cancel
from .identity import Facts
from .reading import Reading

log = logging.getLogger(__name__)


class Catalogue:
    """`reading`: what opens files of people; the lab's own clips are made here."""

    def __init__(self, settings: AgentSettings, reading: Reading) -> None:
        self.settings, self.reading = settings, reading
        self.facts_folder = settings.clips / "facts"
        self.uploads_folder = settings.clips / "uploads"
        self.planes_folder = settings.cache / "planes"
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()
        self._upload_lock = threading.Lock()
        self._files: dict[str, tuple[Path, Clip]] = {}
        remove_abandoned(settings.clips)

    def default_names(self) -> list[str]:
        """What an experiment runs on when it names no clip."""
        return list(DEFAULT)

    def list(self) -> list[Clip]:
        """Every clip, the lab's own first. One that cannot be read is left out and logged."""

        def one(name: str) -> Clip | None:
            try:
                return self.get(name)
            except ClipError as error:
                log.warning("clip %s left out: %s", name, error)
                return None

        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            return [clip for clip in pool.map(one, self._names()) if clip is not None]

    def get(self, name: str) -> Clip:
        """The clip of that name. Raises ClipError where there is none or its file can no longer be read."""
        if name in self._files:
            return self._files[name][1]
        if name in BUILTINS:
            return self._builtin(BUILTINS[name])
        facts = self._upload_facts(name)
        if facts is None:
            raise ClipError(self._unknown(name))
        return facts.clip

    def planes(self, clip: Clip, *, cancel: Cancel = None, on_progress: Progress = None) -> Path:
        """The clip's frames as one raw file (Y, U, V of each frame, 8 bits, no padding), made where it is missing.

        Its hash is checked against `clip.sha256` as it is made; ClipError where the frames are not those any more.
        The file's time is set to now on each call: least recently used is dropped first (gpu_agent.store.disk).
        """
        target = self.planes_folder / f"{clip.sha256}.yuv"
        size = clip.width * clip.height * 3 // 2 * clip.frames
        with self._lock(clip.sha256):
            check_cancel(cancel)
            if not target.exists() or target.stat().st_size != size:
                self.planes_folder.mkdir(parents=True, exist_ok=True)
                uploads.ensure_space(self.planes_folder, size, self.settings.disk_floor_gb)
                self._make_planes(clip, target, cancel, on_progress)
            os.utime(target)
        return target

    def add_upload(
        self,
        name: str,
        stream: BinaryIO,
        length: int | None = None,
        *,
        cancel: Cancel = None,
        on_progress: Progress = None,
    ) -> Clip:
        """Take a file in: `stream` (anything with read) to disk, then probed by decoding it all.

        `on_progress` counts bytes received. The same name with the same frames is the clip that is there already;
        with other frames it becomes name-2, name-3 and so on. On any failure nothing is left behind. Where no file can
        be read (ReadingUnavailable) nothing is taken in.
        """
        self.reading.check()
        wanted, suffix = uploads.safe_name(name)
        self.uploads_folder.mkdir(parents=True, exist_ok=True)
        part = self.uploads_folder / f".{secrets.token_hex(8)}.part{suffix}"
        try:
            content = uploads.receive(
                stream,
                length,
                part,
                limit_gb=self.settings.upload_max_gb,
                floor_gb=self.settings.disk_floor_gb,
                cancel=cancel,
                on_progress=on_progress,
            )
            sha256, facts = self.reading.identify(part, cancel=cancel)
            with self._upload_lock:
                final, existing = self._place(wanted, sha256)
                if existing is not None:
                    return existing
                file = self.uploads_folder / f"{final}{suffix}"
                os.replace(part, file)
                clip = _clip(final, uploads.safe_title(name), "upload", "", facts, sha256, file.stat().st_size)
                signature = stored.full_signature(file_signature(file))
                stored.save(
                    self.facts_folder,
                    stored.StoredFacts(signature=signature, file=file.name, content_sha256=content, clip=clip),
                )
                return clip
        finally:
            part.unlink(missing_ok=True)

    def add_file(self, path: Path, *, cancel: Cancel = None) -> Clip:
        """Use a file where it lies, for as long as this catalogue lives: nothing is copied or kept."""
        path = Path(path).expanduser().absolute()
        if not path.is_file():
            raise ClipError(f"There is no file {path}.")
        sha256, facts = self.reading.identify(path, cancel=cancel)
        with self._upload_lock:
            name, existing = self._place(uploads.safe_name(path.name)[0], sha256)
            if existing is not None:
                return existing
            clip = _clip(name, uploads.safe_title(path.name), "upload", "", facts, sha256, path.stat().st_size)
            self._files[name] = (path, clip)
            return clip

    def _names(self) -> Iterator[str]:
        yield from BUILTINS
        yield from (path.stem for path in sorted(self.facts_folder.glob("*.json")) if path.stem not in BUILTINS)
        yield from self._files

    def _place(self, wanted: str, sha256: str) -> tuple[str, Clip | None]:
        """The first free name, or the clip with these frames under one of the names on the way."""
        number, name = 1, wanted
        while True:
            with contextlib.suppress(ClipError):
                clip = self.get(name)
                if clip.sha256 == sha256:
                    return name, clip
            if name not in BUILTINS and name not in self._files and not (self.facts_folder / f"{name}.json").exists():
                return name, None
            number += 1
            name = f"{wanted}-{number}"

    def _builtin(self, clip: Builtin) -> Clip:
        with self._lock(clip.name):
            signature = stored.full_signature(clip.signature())
            known = stored.load(self.facts_folder, clip.name)
            if known is not None and known.signature == signature:
                return known.clip.model_copy(update={"title": clip.title, "description": clip.description})
            sha256, facts = clip.identify()
            made = _clip(clip.name, clip.title, clip.origin, clip.description, facts, sha256, None)
            stored.save(self.facts_folder, stored.StoredFacts(signature=signature, clip=made))
            return made

    def _upload_facts(self, name: str) -> stored.StoredFacts | None:
        """Facts of an upload; measured again where its file or the decoder is not the one they were made with."""
        if uploads.safe_name(name)[0] != name:
            return None
        with self._lock(name):
            known = stored.load(self.facts_folder, name)
            if known is None or known.file is None:
                return None
            file = self.uploads_folder / known.file
            if not file.is_file():
                raise ClipError(f"The file of the clip {name} is gone; upload it again.")
            signature = stored.full_signature(file_signature(file))
            if known.signature == signature:
                return known
            sha256, facts = self.reading.identify(file)
            clip = _clip(name, known.clip.title, "upload", "", facts, sha256, file.stat().st_size)
            known = known.model_copy(update={"signature": signature, "clip": clip})
            stored.save(self.facts_folder, known)
            return known

    def _identify(self, name: str) -> Callable[..., tuple[str, Facts]]:
        if name in self._files:
            return functools.partial(self.reading.identify, self._files[name][0])
        if name in BUILTINS:
            return BUILTINS[name].identify
        facts = self._upload_facts(name)
        if facts is None or facts.file is None:
            raise ClipError(self._unknown(name))
        return functools.partial(self.reading.identify, self.uploads_folder / facts.file)

    def _make_planes(self, clip: Clip, target: Path, cancel: Cancel, on_progress: Progress) -> None:
        part = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
        try:
            make = self._identify(clip.name)
            with part.open("xb") as file:
                sha256, _ = make(file, total=clip.frames, cancel=cancel, on_progress=on_progress)
            if sha256 != clip.sha256:
                raise ClipError(
                    f"The frames of {clip.name} are not those of this experiment any more "
                    f"(hash {sha256[:12]}, expected {clip.sha256[:12]}): its file or the decoder has changed."
                )
            os.replace(part, target)
        except OSError as error:
            raise ClipError(f"The planes of {clip.name} could not be written: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)

    def _unknown(self, name: str) -> str:
        names = list(self._names())
        near = difflib.get_close_matches(name.lower(), names, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names[:12])}."
        return f"There is no clip named {name[:80]!r}. {hint}"

    def _lock(self, key: str) -> threading.Lock:
        with self._locks_lock:
            return self._locks[key]


def _clip(
    name: str, title: str, origin: str, description: str, facts: Facts, sha256: str, size_bytes: int | None
) -> Clip:
    return Clip(
        name=name,
        title=title,
        origin=origin,
        description=description,
        sha256=sha256,
        width=facts.width,
        height=facts.height,
        visible_width=facts.visible_width,
        visible_height=facts.visible_height,
        frames=facts.frames,
        fps=f"{facts.fps.numerator}/{facts.fps.denominator}",
        seconds=round(float(facts.frames / facts.fps), 6),
        full_range=facts.full_range,
        matrix=facts.matrix,
        source_pix_fmt=facts.pix_fmt,
        conversion=" ".join(facts.notes) or None,
        size_bytes=size_bytes,
    )
