"""VMAF, VMAF-NEG and XPSNR of finished experiments, measured while no codec runs, as anchors and audits are.

They take longer than all exact figures together, so no run waits for them, and no codec is timed beside them.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable

from ..clips import ClipCancelled, ClipError
from ..measure import MeasureCancelled
from ..models import Experiment, PerceptualFigures, ResultRow
from ..store import ExperimentStore
from .background import Background
from .idle import Idle
from .perceptual import LATER, Perceptual, Wanted, expected, perceptual
from .tools import Tools, rate_key
from .trip import source_of

NAMES = (*expected("with_v1"), "vmaf_model", "vmaf_neg_model", "vmaf_v1_model")
GONE = "the decoded frames were dropped from the cache before it was measured; a rerun has it"
log = logging.getLogger(__name__)


def awaited(row: ResultRow) -> bool:
    """Whether figures of this point are still to come."""
    return LATER in row.more.get("missing", {}).values()


class Afterwards(Background):
    def __init__(self, tools: Tools, store: ExperimentStore, idle: Idle):
        super().__init__("perceptual", store, idle)
        self.tools = tools

    def work(self, experiment: Experiment, cancel: threading.Event) -> bool:
        known = [figures_of(row) for row in experiment.results if not awaited(row)]
        try:
            for row in experiment.results:
                if awaited(row):
                    known.append(measured(self.tools, experiment, row, cancel))
                    self.store.set_perceptual(experiment.id, known)
        except (MeasureCancelled, ClipCancelled):
            return True
        return False


def figures_of(row: ResultRow) -> PerceptualFigures:
    """What had joined this row already."""
    return PerceptualFigures(
        clip=row.clip,
        rate=row.rate,
        vmaf=row.vmaf,
        more={name: row.more[name] for name in NAMES if name in row.more},
        missing={name: why for name, why in row.more.get("missing", {}).items() if name in NAMES},
        artifacts={name: path for name, path in row.artifacts.items() if name == "perceptual"},
    )


def complete(
    tools: Tools, experiment: Experiment, cancel: threading.Event, tell: Callable[[ResultRow], None] = lambda row: None
) -> None:
    """Fill in what is awaited, in this record itself: the terminal has nobody who would come back for it."""
    for row in filter(awaited, experiment.results):
        tell(row)
        try:
            found = measured(tools, experiment, row, cancel)
        except (MeasureCancelled, ClipCancelled):
            return
        missing = {n: why for n, why in row.more["missing"].items() if why != LATER} | found.missing
        row.vmaf, row.more = found.vmaf, row.more | found.more | {"missing": missing}
        row.artifacts |= found.artifacts


def measured(tools: Tools, experiment: Experiment, row: ResultRow, cancel: threading.Event) -> PerceptualFigures:
    """The figures of one point, its series a frame stored beside. Raises MeasureCancelled or ClipCancelled."""
    wanted: Wanted = tools.settings.vmaf
    base = f"{row.clip}/{rate_key(row.rate)}"
    decoded = tools.artifacts.local(f"{experiment.id}/{row.artifacts.get('decoded', f'{base}/decoded.yuv')}")
    if decoded is None:
        return nothing(row, wanted, GONE)
    try:
        clip = tools.catalogue.get(row.clip)
        ref = next(c for c in experiment.clips if c.name == row.clip)
        if clip.sha256 != ref.sha256:
            return nothing(row, wanted, "the clip has changed since this run")
        source = source_of(clip, tools.catalogue.planes(clip, cancel=cancel.is_set), row.frames)
    except ClipError as e:
        return nothing(row, wanted, str(e))
    seen = perceptual(
        source.planes,
        decoded,
        source.info,
        visible=(clip.visible_width, clip.visible_height),
        wanted=wanted,
        cancel=cancel,
    )
    path = f"{base}/perceptual.json"
    tools.artifacts.put_bytes(f"{experiment.id}/{path}", json.dumps(seen.series, allow_nan=False).encode())
    return later(row, seen, {"perceptual": path})


def later(row: ResultRow, seen: Perceptual, artifacts: dict[str, str]) -> PerceptualFigures:
    more = {name: value for name, value in seen.figures.items() if name != "vmaf"}
    return PerceptualFigures(
        clip=row.clip,
        rate=row.rate,
        vmaf=seen.figures.get("vmaf"),
        more=more,
        missing=seen.missing,
        artifacts=artifacts,
    )


def nothing(row: ResultRow, wanted: Wanted, reason: str) -> PerceptualFigures:
    missing = {name: reason if why == LATER else why for name, why in expected(wanted).items()}
    return PerceptualFigures(clip=row.clip, rate=row.rate, missing=missing)
