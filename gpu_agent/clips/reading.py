"""Who reads a person's file: a decoder in the jail, one fresh sandbox a pass, whose frames the agent hashes itself.

A video file is input of whoever made it, and demuxers and decoders are large programs in C that such input attacks. So
the agent never opens one itself: without a jail there is no reading.
"""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from gpu_agent.jail import Jail, Outcome, Reader, Verdict
from gpu_agent.jail.policy import MIB, Policy

from .arrival import LARGEST_PACKET, Arrival, ImplausibleError
from .decode import strict_then_tolerant
from .errors import Cancel, ClipCancelled, ClipError, Progress, ReadingUnavailable, check_cancel
from .identity import Facts

log = logging.getLogger(__name__)

POLICY = Policy(
    start_seconds=30,
    # A film in 8K may take hours, but what takes longer than this no experiment could use either.
    wall_seconds=6 * 3600,
    sink_seconds=6 * 3600,
    # Good files show a frame within seconds even in 8K on one core; the first comes after as many as there are threads.
    silent_seconds=120,
    cpu_seconds=None,
    # 8K takes 100 MB a picture at 4:2:0 and 10 bits, and 2.7 GB were seen with HEVC on 16 threads; 4:4:4 is the double.
    memory_bytes=6144 * MIB,
    # FFmpeg starts at most 16 threads a codec.
    processes=64,
    # Raw frames of ten hours in 1080p: a bound for a decoder that makes frames without end.
    output_bytes=4 << 40,
    log_bytes=MIB,
    tmp_bytes=MIB,
)
AT_ONCE = 4
"""Readings side by side, as many as `Catalogue.list` asks for; each may take all cores. The rest wait for their turn."""

_HERE = Path(__file__).parent
_MODULES = (
    *(f"clips/{name}.py" for name in ("packets", "decode", "convert", "timing", "errors", "identity")),
    "codec_kit/frames.py",
)
READER = Reader(
    code=(_HERE / "reader.py").read_text(encoding="utf-8"),
    modules=tuple((_HERE.parent / name, f"gpu_agent/{name}") for name in _MODULES),
    libraries=("av", "numpy"),
)

CRASHED = "The decoder crashed on this file, so the file is refused. Convert it with another program and try again."
MEMORY = (
    f"Decoding this file took more memory than a clip may ({POLICY.memory_bytes // MIB:,} MB, or what the machine has "
    "free), so it was ended."
)
SILENT = f"The decoder gave nothing of this file for {POLICY.silent_seconds:g} s, so it was ended."
TOO_LONG = f"Decoding this file took longer than {POLICY.wall_seconds / 3600:g} hours, so it was ended."
TOO_MUCH = "The frames of this file come to more than any clip of the lab may have."
FAILED = "The lab's reader failed on this file, so the file is refused; the agent's log says more."
NO_START = "The lab could not start its decoder for this file; the agent's log says more."

SENTENCES = {
    Verdict.CRASH: CRASHED,
    Verdict.MEMORY: MEMORY,
    Verdict.OUTPUT_TOO_LARGE: TOO_MUCH,
    Verdict.EXCEPTION: FAILED,
}
NOT_THE_FILE = {Verdict.SANDBOX_ERROR, Verdict.EXCEPTION_START, Verdict.CRASH_START, Verdict.TIMEOUT_START}
"""What goes wrong before the file is looked at."""


class Reading(Protocol):
    """Reads files that nobody vouches for. The catalogue is given one, and knows of no other way to open them."""

    def check(self) -> None:
        """Raises ReadingUnavailable where no file can be read now."""
        ...

    def identify(
        self,
        path: Path,
        sink: BinaryIO | None = None,
        *,
        total: int | None = None,
        cancel: Cancel = None,
        on_progress: Progress = None,
    ) -> tuple[str, Facts]:
        """The file's hash and facts, as `decode.identify_file`; ClipError where it is refused."""
        ...


class JailedReading:
    """Reads in the jail. Thread-safe."""

    def __init__(self, jail: Jail, *, reader: Reader = READER, policy: Policy = POLICY) -> None:
        self._jail, self._reader, self._policy = jail, reader, policy
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def check(self) -> None:
        why = self._jail.why_no_reading()
        if why is not None:
            raise ReadingUnavailable(f"Video files are opened in the lab's jail alone, and there is none here. {why}")

    def identify(
        self,
        path: Path,
        sink: BinaryIO | None = None,
        *,
        total: int | None = None,
        cancel: Cancel = None,
        on_progress: Progress = None,
    ) -> tuple[str, Facts]:
        self.check()
        self._wait(cancel)
        try:
            how = {"total": total, "cancel": cancel, "on_progress": on_progress}
            return strict_then_tolerant(lambda tolerant: self._read(path, sink, tolerant=tolerant, **how), sink)
        finally:
            self._turns.release()

    def _wait(self, cancel: Cancel) -> None:
        while not self._turns.acquire(timeout=0.2):
            check_cancel(cancel)

    def _read(
        self, path: Path, sink: BinaryIO | None, *, tolerant: bool, cancel: Cancel, **how: Any
    ) -> tuple[str, Facts]:
        """One pass, in a jail of its own."""
        arrival, name = Arrival(sink, tolerant=tolerant, cancel=cancel, **how), inside(path)
        outcome = self._jail.read(
            self._reader,
            path,
            name,
            {"name": name, "tolerant": tolerant},
            self._policy,
            largest=LARGEST_PACKET,
            on_packet=arrival.take,
            cancel=Asked(cancel),
        )
        if not outcome.ok:
            raise refusal(outcome, self._policy)
        return arrival.outcome


class Asked(threading.Event):
    """The caller's question in the form that the jail asks it: a decoder that gives no frame can be called off too."""

    def __init__(self, cancel: Cancel) -> None:
        super().__init__()
        self._cancel = cancel

    def is_set(self) -> bool:
        return self._cancel is not None and self._cancel()


def inside(path: Path) -> str:
    """What the file is called in the jail: FFmpeg goes by the suffix where the content leaves a doubt."""
    suffix = path.suffix
    return "clip" + (suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,12}", suffix) else "")


def refusal(outcome: Outcome, policy: Policy) -> Exception:
    """What to raise for a run that did not end well. The decoder's own words go to the log."""
    if outcome.verdict is Verdict.CANCELLED:
        return ClipCancelled("The work on this clip was cancelled.")
    log.warning("reading a clip: %s: %r %r", outcome.verdict, outcome.message, outcome.log[-500:])
    if outcome.verdict is Verdict.TIMEOUT:
        spent = outcome.wall_seconds - outcome.sink_seconds
        long = spent > policy.wall_seconds or outcome.sink_seconds > policy.sink_seconds
        return ClipError(TOO_LONG if long else SILENT)
    if outcome.verdict in SENTENCES:
        return ClipError(SENTENCES[outcome.verdict])
    if outcome.verdict in NOT_THE_FILE:
        return ReadingUnavailable(NO_START)
    return ImplausibleError("it did what no decoder does")
