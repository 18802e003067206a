"""All checks of one experiment in order, each badge kept as it is found; and the verdicts that later figures change."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from ..bitstream import BitstreamError
from ..clips import ClipError
from ..measure import MeasureError
from ..measure.ffmpeg import FfmpegError
from ..models import Audit, Badge, Experiment, now
from ..road.report import RunFailed
from ..road.tools import Tools
from ..store import StoreError
from . import code_size, deterministic, fresh_clip, library_codec, matters, too_good
from .bench import Bench, CurveOf, Interrupted, NotTried, unknown, wants_retry
from .fresh import FreshClip, make
from .running import seen_running

ORDER = (
    code_size.NAME,
    deterministic.NAME,
    matters.NAME,
    fresh_clip.NAME,
    library_codec.NAME,
    too_good.NAME,
)
INTERRUPTED = "A run took the machine; it is tried again when no codec runs."
WORK_BYTES = 16 << 20
log = logging.getLogger(__name__)


def audit(
    tools: Tools,
    experiment: Experiment,
    curve_of: CurveOf,
    cancel: threading.Event,
    *,
    known: Audit | None = None,
    seed: int | None = None,
) -> Audit:
    """Every badge of a succeeded experiment. Those that `known` has are kept, unless they are to be tried again.

    Raises nothing that a codec could cause. When `cancel` is set it returns soon, the rest marked to be tried again.
    """
    badges = {b.name: b for b in known.badges if not wants_retry(b)} if known else {}
    tools.make_room(WORK_BYTES)
    with tools.workspace(f"audit-{experiment.id}") as folder:
        checks = Checks(Bench(tools, experiment, folder, seed or secrets.randbits(63), cancel, curve_of))
        for name in ORDER:
            if name not in badges:
                badges[name] = checks.badge(name)
    return verdicts(experiment, [badges[name] for name in ORDER], curve_of)


def judge_again(experiment: Experiment, known: Audit, curve_of: CurveOf) -> Audit:
    """The same audit where nothing has changed; nothing is run."""
    fresh = verdicts(experiment, known.badges, curve_of)
    return known if fresh.badges == known.badges else fresh


def verdicts(experiment: Experiment, badges: list[Badge], curve_of: CurveOf) -> Audit:
    """The badges that lean on BD-rates or on anchors beside the run, judged by what is known of those now."""
    judged = []
    for badge in badges:
        if badge.name == too_good.NAME:
            badge = too_good.judge(experiment, curve_of)
        elif badge.name == fresh_clip.NAME and "factors" in badge.evidence:
            badge = fresh_clip.judge(experiment, badge.evidence, curve_of)
        judged.append(badge)
    held = any(b.name == too_good.NAME and b.verdict == "bad" for b in judged)
    return Audit(at=now(), badges=judged, held=held)


class Checks:
    """Runs a check by its name and turns what stops it into a badge that says so."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self._fresh: FreshClip | None = None

    def badge(self, name: str) -> Badge:
        try:
            self.bench.stop_if_cancelled()
            return self._by_name()[name]()
        except Interrupted:
            return unknown(name, INTERRUPTED, retry=True)
        except NotTried as reason:
            return unknown(name, str(reason))
        except (RunFailed, ClipError, MeasureError, StoreError, FfmpegError, BitstreamError) as problem:
            return unknown(name, str(problem))
        except OSError as problem:
            return unknown(name, f"The audit could not go on: {problem.strerror or problem}.")
        except Exception as bug:  # an audit must never take the agent down
            log.exception("audit of %s: %s failed", self.bench.experiment.id, name)
            return unknown(name, f"The audit itself failed ({type(bug).__name__}); the codec is not to blame.")

    def _by_name(self) -> dict[str, Callable[[], Badge]]:
        bench, e = self.bench, self.bench.experiment
        return {
            code_size.NAME: lambda: code_size.check(e),
            deterministic.NAME: lambda: deterministic.check(bench),
            matters.NAME: lambda: matters.check(bench),
            fresh_clip.NAME: lambda: fresh_clip.check(bench, self.fresh()),
            library_codec.NAME: lambda: library_codec.check(e.code, seen_running(bench, self.fresh())),
            too_good.NAME: lambda: too_good.judge(e, bench.curve_of),
        }

    def fresh(self) -> FreshClip:
        if self._fresh is None:
            self._fresh = make(self.bench.seed, self.bench.folder)
        return self._fresh
