"""What a check works with: the record, the jail under the lab's gate, a seed, and a way to be called off."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..anchors import AnchorCurve
from ..bitstream import read_bitstream
from ..codec_kit.frames import VideoInfo
from ..jail import Outcome, Verdict
from ..models import Badge, Experiment, Rate, ResultRow
from ..road.tools import Tools

GATE_SECONDS = 0.1
BUDGET_SECONDS = 600.0
"""What the decodes of one check may take together by the run's own figures; beyond it less is tried, or nothing."""

CurveOf = Callable[[str, int, str], AnchorCurve | None]
"""A clip's hash, its number of frames, an anchor's name: that anchor's curve, or None where it is not measured."""


class Interrupted(Exception):
    """A run took the machine, or the agent shuts down: the check is tried again."""


class NotTried(Exception):
    """The check cannot be made; the message is the reason for the reader."""


class Enough(Exception):
    """Raised while a decode is watched: it has shown what was to be seen, so the jail may end."""


@dataclass
class Bench:
    """One audit's work place. `seed` is drawn anew for every audit and recorded, so that a codec cannot know it."""

    tools: Tools
    experiment: Experiment
    folder: Path
    seed: int
    cancel: threading.Event
    curve_of: CurveOf

    def random(self, purpose: str) -> random.Random:
        """The same numbers for the same seed and purpose, whatever else was drawn."""
        return random.Random(f"{self.seed} {purpose}")

    def one_row_per_clip(self) -> Iterator[ResultRow]:
        """A point of each clip, at a rate that the seed chooses."""
        for clip in dict.fromkeys(r.clip for r in self.experiment.results):
            yield self.random(f"rate {clip}").choice([r for r in self.experiment.results if r.clip == clip])

    def bitstream(self, row: ResultRow) -> Path:
        path = self.stored(row, "bitstream")
        if path is None:
            raise NotTried(f"The bitstream of {row.clip} at rate {row.rate:g} is not stored here any more.")
        return path

    def stored(self, row: ResultRow, artifact: str) -> Path | None:
        key = row.artifacts.get(artifact)
        return self.tools.artifacts.local(f"{self.experiment.id}/{key}") if key else None

    @contextmanager
    def gate(self) -> Iterator[None]:
        """The right to run a codec. A run that waits for it always goes first. Raises Interrupted."""
        while not self.tools.gate.acquire(timeout=GATE_SECONDS):
            self.stop_if_cancelled()
        try:
            self.stop_if_cancelled()
            yield
        finally:
            self.tools.gate.release()

    def stop_if_cancelled(self) -> None:
        if self.cancel.is_set():
            raise Interrupted

    def encode(
        self, source: Path, info: VideoInfo, rate: Rate, on_packet: Callable[[bytes], None], code: str | None = None
    ) -> Outcome:
        """Encode in a fresh jail; `code` stands in for the record's own."""
        e = self.experiment
        with self.gate():
            outcome = self.tools.jail.encode(
                code or e.code, source, info, rate, e.limits, on_packet=on_packet, cancel=self.cancel
            )
        return settled(outcome)

    def decode(
        self,
        packets: Iterable[bytes],
        info: VideoInfo,
        on_frame: Callable[[memoryview], None],
        *,
        code: str | None = None,
        wall_seconds: float | None = None,
    ) -> Outcome:
        """Decode in a fresh jail. `Enough` raised by `on_frame` ends it and passes through."""
        e = self.experiment
        limits = e.limits
        if wall_seconds is not None and wall_seconds < limits.wall_seconds:
            limits = limits.model_copy(update={"wall_seconds": wall_seconds})
        with self.gate():
            outcome = self.tools.jail.decode(
                code or e.code, packets, info, limits, on_frame=on_frame, cancel=self.cancel
            )
        return settled(outcome)

    def decode_stored(self, row: ResultRow, on_frame: Callable[[memoryview], None]) -> Outcome:
        info, packets = read_bitstream(self.bitstream(row))
        return self.decode(packets, info, on_frame)


def settled(outcome: Outcome) -> Outcome:
    """An outcome that says something about the codec. Raises Interrupted or NotTried for what does not."""
    if outcome.verdict is Verdict.CANCELLED:
        raise Interrupted
    if outcome.verdict is Verdict.SANDBOX_ERROR:
        raise NotTried(f"The jail could not run it: {outcome.message}")
    return outcome


def digest(frame: memoryview) -> bytes:
    return hashlib.blake2b(frame, digest_size=16).digest()


def first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[0][:200]


def unknown(name: str, reason: str, *, retry: bool = False) -> Badge:
    """`retry`: what stood in the way is expected to pass, so the check is made again."""
    return Badge(name=name, verdict="unknown", text=reason, evidence={"retry": True} if retry else {})


def wants_retry(badge: Badge) -> bool:
    return badge.verdict == "unknown" and badge.evidence.get("retry") is True
