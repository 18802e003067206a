"""The jail that the agent calls: encode and decode of one codec, or the reading of a file that nobody vouches for, each
in a fresh sandbox with its limits."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..bare import NotBare, bare
from ..codec_kit import VideoInfo
from ..contract import most_packets
from ..models import Limits, Rate
from . import bubblewrap, cgroup, gpumemory, mounts, pagecache, seccomp, stale, visible
from .bubblewrap import Unavailable
from .canary import Check, JailStatus, inspect
from .framing import FrameOutput, PacketOutput, StreamOutput
from .outcome import Outcome, Verdict
from .policy import Policy
from .process import become_subreaper
from .run import Setup, Task, run

FIRST_SLOT_UID, SLOTS = 61000, 64
"""Users that a root agent runs codecs as, one per run at a time: a range that Debian, Fedora and systemd leave free."""

Level = Literal["watchdog", "full"]


def nothing(frames: int) -> None:
    """Progress that nobody asked for."""


class Reader(NamedTuple):
    """A program of the lab's own that reads a file: `code` defines `read(source, **options)`, which yields packets.

    `source` is a path, or an open file's number. `modules`: the lab's files that it imports (real path, path below
    /lab); `libraries`: the distributions. It sees these in place of what codecs see.
    """

    code: str
    modules: tuple[tuple[Path, str], ...]
    libraries: tuple[str, ...]


class Jail:
    """Thread-safe; one object serves an agent for its life. Nothing runs before `status()` has found every check good.

    `gpu`: bind the NVIDIA devices. `required`: the weakest level that runs are allowed at. `python`: interpreter of a
    virtual environment for the codec (default: the agent's own).
    """

    def __init__(self, *, gpu: bool = False, required: Level = "watchdog", python: Path | None = None) -> None:
        self._gpu, self._required, self._python_path = gpu, required, python
        self._lock = threading.Lock()
        self._slots = list(range(FIRST_SLOT_UID, FIRST_SLOT_UID + SLOTS))
        self._status: JailStatus | None = None
        self._setup: Setup | None = None

    def status(self) -> JailStatus:
        """What the canary found; it runs once (about a second), then this answers at once."""
        with self._lock:
            if self._status is None:
                self._status = self._check()
            return self._status

    def recheck(self) -> JailStatus:
        """Run the canary again: after something was mended."""
        with self._lock:
            self._status = self._check()
            return self._status

    def why_no_reading(self) -> str | None:
        """Why no file is read here, as a sentence; None where it is."""
        status = self.status()
        return None if status.available else status.message

    def encode(
        self,
        code: str,
        source: Path,
        info: VideoInfo,
        rate: Rate,
        limits: Limits,
        *,
        on_packet: Callable[[bytes], None],
        on_progress: Callable[[int], None] = nothing,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the codec's encode on `source`, a file of raw planes. `on_packet` gets each packet as it is written.

        `on_progress` gets the highest number of frames touched so far (the codec's word). Exceptions of the callbacks
        end the run and pass through. Raises FileNotFoundError or ValueError for a source that does not hold the clip.
        """
        size = os.stat(source).st_size
        if size < info.frames * info.frame_bytes:
            raise ValueError(
                f"{source} has {size:,} bytes; {info.frames} frames need {info.frames * info.frame_bytes:,}"
            )
        policy = Policy.of(limits)
        output = PacketOutput(policy.output_bytes, on_packet, most=most_packets(info.frames))
        progress = lambda frames: on_progress(min(frames, info.frames))
        job = describe(info) | {"rate": rate}
        return self._guarded(Task("encode", code, job, policy, output, progress, cancel, source=Path(source)))

    def decode(
        self,
        code: str,
        packets: Iterable[bytes],
        info: VideoInfo,
        limits: Limits,
        *,
        on_frame: Callable[[memoryview], None],
        on_progress: Callable[[int], None] = nothing,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the codec's decode. `on_frame` gets each raw frame (a view that is valid during the call).

        `packets` is read as the codec asks for them. Exceptions of it and of the callbacks end the run and pass
        through.
        """
        policy = Policy.of(limits, info.frames * info.frame_bytes)
        output = FrameOutput(info.frames, info.frame_bytes, on_frame)
        return self._guarded(Task("decode", code, describe(info), policy, output, on_progress, cancel, packets=packets))

    def read(
        self,
        reader: Reader,
        source: Path,
        name: str,
        options: dict[str, Any],
        policy: Policy,
        *,
        largest: int,
        on_packet: Callable[[memoryview], None],
        cancel: threading.Event | None = None,
    ) -> Outcome:
        """Run the reader on `source`, which is called `name` inside; with the agent's own Python, and never with the GPU.

        `on_packet` gets each packet, of at most `largest` bytes, as a view that is valid during the call. Its
        exceptions end the run and pass through.
        """
        files = tuple((real, f"{mounts.LAB}/{path}") for real, path in reader.modules)
        try:
            python = own_python(reader.libraries)
        except Unavailable as e:
            return Outcome("read", Verdict.SANDBOX_ERROR, str(e), level="none")
        view = mounts.View(python, files, source=f"{mounts.SOURCES}/{name}")
        output = StreamOutput(policy.output_bytes, largest, on_packet)
        how = {"options": options}
        return self._guarded(Task("read", reader.code, how, policy, output, nothing, cancel, source=source, view=view))

    def normalise_page_cache(self) -> pagecache.Normalised:
        """Between encode and decode of a ranked run: make what is in memory of the visible files the same as always."""
        python = self._setup.python if self._setup else mounts.Python.of(self._python_path)
        return pagecache.normalise([*visible.system_folders(), *(real for real, _ in python.files)], python.hidden)

    def overwrite_gpu_memory(self) -> gpumemory.Overwritten | None:
        """Between encode and decode of a ranked run: leave nothing in the GPU's free memory. None where none is bound."""
        return gpumemory.overwrite() if self._gpu else None

    def show_compiled_kit(self, folder: Path) -> None:
        """Codecs find the kit's compiled functions of `folder` from now on, so that they start at once."""
        self.status()
        if self._setup is not None:
            self._setup = dataclasses.replace(self._setup, compiled=folder)

    def _guarded(self, task: Task) -> Outcome:
        status = self.status()
        if not status.available:
            return Outcome(task.mode, Verdict.SANDBOX_ERROR, status.message, level="none")
        if task.mode == "read":
            return self._run(task)
        try:
            return self._run(dataclasses.replace(task, code=bare(task.code)))
        except NotBare as e:
            return Outcome(
                task.mode, Verdict.EXCEPTION_START, f"The codec was not run: {e}.", level=status.level or "none"
            )

    def _check(self) -> JailStatus:
        try:
            found, python, program = bubblewrap.find(), mounts.Python.of(self._python_path), seccomp.build()
        except Unavailable as e:
            return JailStatus(False, None, str(e), (Check("bubblewrap", False, str(e)),))
        stale.sweep()
        base, reason = cgroup.delegated(cgroup.own_cgroup())
        become_subreaper()
        self._setup = Setup(found, python, program, self._gpu, base)
        return inspect(self._run, self._setup.level, reason, self._required, python)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[int | None]:
        """A user id of its own for the run where the agent is root; None where it is not."""
        if os.geteuid() != 0:
            yield None
            return
        try:
            uid = self._slots.pop()
        except IndexError:
            raise RuntimeError(f"more than {SLOTS} runs at once") from None
        try:
            yield uid
        finally:
            self._slots.append(uid)

    def _run(self, task: Task) -> Outcome:
        with self._slot() as uid:
            return run(self._setup, uid, task)


@functools.cache
def own_python(libraries: tuple[str, ...]) -> mounts.Python:
    """The agent's own Python with these distributions alone. Raises Unavailable."""
    return mounts.Python.of(None, libraries)


def describe(info: VideoInfo) -> dict[str, Any]:
    return {"width": info.width, "height": info.height, "frames": info.frames, "fps": str(info.fps)}
