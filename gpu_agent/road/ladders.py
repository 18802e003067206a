"""Anchors beside experiments: measured on the same clips while no codec runs, then said as BD-rates in the records.

An experiment ends without waiting for this. Curves are kept with the clip's artifacts, so that every page and every
later experiment on the same frames finds them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from ..anchors import CATALOGUE, Anchor, AnchorCurve, LadderProgress, cached_curve, compute_curve
from ..clips import ClipCancelled, ClipError
from ..measure import MeasureCancelled
from ..measure.bdrate import Curve, bd_rate_over_clips, curve_from
from ..models import UNSAFE, BDRate, Clip, Experiment, ResultRow, Status
from ..store import ExperimentStore, Query, StoreError
from .idle import Idle
from .tools import Tools

RECENT = 50
log = logging.getLogger(__name__)


def curve_key(clip_sha256: str, frames: int, anchor: str) -> str:
    return f"clips/{clip_sha256}/anchors/{frames}/{anchor}.json"


def own_curve(rows: list[ResultRow], quality: str = "psnr_yuv") -> Curve:
    """One figure over kbit/s, from the points that have it."""
    return curve_from((r.kbps, getattr(r, quality)) for r in rows)


def bd_rates(experiment: Experiment, curve_of: Callable[[str, int, str], AnchorCurve | None]) -> dict[str, BDRate]:
    """BD-rate against every anchor that has a whole curve, or a reason, on each of the experiment's clips."""
    clips = {c.name: c for c in experiment.clips}
    tests = {name: own_curve([r for r in experiment.results if r.clip == name]) for name in clips}
    found = {}
    for anchor in CATALOGUE:
        curves = {n: curve_of(c.sha256 or "", c.frames or 0, anchor.name) for n, c in clips.items()}
        whole = {n: c.curve() for n, c in curves.items() if c is not None and c.complete}
        if len(whole) == len(clips):
            found[anchor.name] = bd_rate_over_clips(whole, tests)
        elif any(c is not None and c.reason for c in curves.values()):
            reasons = {c.reason for c in curves.values() if c is not None and c.reason}
            found[anchor.name] = BDRate(reason="; ".join(sorted(reasons)))
    return found


class Ladders(threading.Thread):
    """Works while `idle`; a codec that starts interrupts it at once, and a curve goes on where it stopped.

    `on_rated` gets the id of each experiment whose BD-rates have changed.
    """

    def __init__(
        self,
        tools: Tools,
        store: ExperimentStore,
        idle: Idle | None = None,
        on_rated: Callable[[str], None] = lambda experiment_id: None,
    ):
        super().__init__(name="ladders", daemon=True)
        self.tools, self.store, self.idle, self.on_rated = tools, store, idle or Idle(), on_rated
        self.folder = tools.settings.root / "anchors"
        self.progress: LadderProgress | None = None
        self._wanted: dict[tuple[str, int], Clip] = {}
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()

    def want(self, experiment: Experiment) -> None:
        """Rate this experiment, and measure what is missing for it."""
        if experiment.status is not Status.SUCCEEDED or experiment.sandbox == UNSAFE:
            return
        with self._lock:
            for ref in experiment.clips:
                try:
                    clip = self.tools.catalogue.get(ref.name)
                except ClipError:
                    continue
                if clip.sha256 == ref.sha256 and ref.frames:
                    self._wanted[ref.name, ref.frames] = clip
        self._wake.set()

    def stop(self) -> None:
        """Leave soon; the caller stops `idle`, which calls off what is under way."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        try:
            for experiment in reversed(self.store.page(Query(limit=RECENT, status=Status.SUCCEEDED)).items):
                self.want(experiment)
        except StoreError as e:
            log.warning("anchors: %s", e)
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            self._work()

    def _work(self) -> None:
        """All anchors, the most useful first over all clips; what was interrupted is taken up again."""
        for anchor in CATALOGUE:
            done: set[tuple[str, int]] = set()
            while (job := self._job(done)) is not None:
                cancel = self.idle.wait()
                if cancel is None:
                    return
                if self._measure(anchor, *job, cancel):
                    done.add((job[0].name, job[1]))

    def _job(self, done: set[tuple[str, int]]) -> tuple[Clip, int] | None:
        with self._lock:
            left = [(clip, key[1]) for key, clip in reversed(self._wanted.items()) if key not in done]
        return left[0] if left else None

    def _measure(self, anchor: Anchor, clip: Clip, frames: int, cancel: threading.Event) -> bool:
        """True when there is nothing more to do for it: it is whole, cannot be had, or failed."""
        try:
            known = cached_curve(anchor, clip, self.folder, frames=frames)
            fresh = known is None or not known.complete
            if fresh:
                planes = self.tools.catalogue.planes(clip, cancel=cancel.is_set)
                known = self._compute(anchor, planes, clip, frames, cancel)
            self._publish(known, frames)
            self._rate(clip)
        except (MeasureCancelled, ClipCancelled):
            return False
        except (ClipError, StoreError, OSError) as e:
            log.warning("anchor %s on %s: %s", anchor.name, clip.name, e)
        except Exception:  # an anchor must never take the agent down, and one that fails must not stop the others
            log.exception("anchor %s on %s failed", anchor.name, clip.name)
        finally:
            self.progress = None
        return True

    def _compute(self, anchor: Anchor, planes: Path, clip: Clip, frames: int, cancel: threading.Event) -> AnchorCurve:
        def tell(progress: LadderProgress) -> None:
            self.progress = progress

        return compute_curve(anchor, planes, clip, self.folder, frames=frames, on_progress=tell, cancel=cancel)

    def _publish(self, curve: AnchorCurve, frames: int) -> None:
        key = curve_key(curve.clip_sha256, frames, curve.anchor)
        known, data = self.tools.artifacts.local(key), curve.model_dump_json().encode()
        if known is None or known.read_bytes() != data:  # other settings or another ffmpeg make another curve
            self.tools.artifacts.put_bytes(key, data)

    def _rate(self, clip: Clip) -> None:
        """Write the BD-rates of recent experiments on this clip where they have changed."""
        for e in self.store.page(Query(limit=RECENT, status=Status.SUCCEEDED, clip=clip.name)).items:
            rates = bd_rates(e, self.curve) if e.sandbox != UNSAFE else {}
            if rates != e.summary.bd_rate:
                self.store.set_bd_rates(e.id, rates)
                self.on_rated(e.id)

    def curve(self, clip_sha256: str, frames: int, anchor: str) -> AnchorCurve | None:
        """A published curve."""
        path = self.tools.artifacts.local(curve_key(clip_sha256, frames, anchor)) if clip_sha256 else None
        return AnchorCurve.model_validate_json(path.read_bytes()) if path else None
