"""The whole road for one experiment, from the static check to a terminal record. Knows no queue, store or HTTP."""

from __future__ import annotations

import logging
import threading
import time

from ..check import check_code
from ..clips import ClipCancelled, ClipError
from ..measure import MeasureCancelled, MeasureError
from ..models import ErrorCategory, Experiment, Failure, Progress, Rate, Status, Summary, now
from ..preview import make_preview
from ..store import StoreError
from .environment import environment
from .expected import judge
from .kit import show_compiled_kit, uses_compiled_kit
from .point import Point, bytes_needed, lost, run_point
from .report import Reporter, RunCancelled, RunFailed, of_the_agent
from .summary import reproduction, summarise
from .tools import Tools, rate_key
from .trip import Source, code_and_decode, source_of, stop_if

SMOKE_FRAMES = 8
SMOKE_SECONDS = 60.0
"""Wall time of a smoke run: a codec that hangs is told so in a minute, whatever a whole clip may take."""
LOG_KEPT = 16_384
log = logging.getLogger(__name__)


class Walk:
    """Walks one experiment. `run` returns the terminal record; it raises nothing that a codec could cause.

    `original`: what a rerun is compared with; `parent`: what the hypothesis is judged against.
    """

    def __init__(
        self,
        tools: Tools,
        experiment: Experiment,
        reporter: Reporter,
        cancel: threading.Event,
        original: Experiment | None = None,
        parent: Experiment | None = None,
    ):
        self.tools, self.experiment, self.reporter, self.cancel = tools, experiment, reporter, cancel
        self.original, self.parent = original, parent
        self._began = time.monotonic()
        self._at = Progress(stage="check", points=len(experiment.clips) * len(experiment.rates))

    def run(self) -> Experiment:
        e = self.experiment
        e.status, e.started_at, e.error, e.results, e.log = Status.RUNNING, e.started_at or now(), None, [], ""
        e.warnings, e.summary = [], Summary()
        try:
            e.environment = environment() | {"preview": self.tools.preview_by.encoder.name}
            e.sandbox = self.tools.jail.status().level
            self._check()
            sources = self._prepare()
            self._smoke(sources[0])
            self._points(sources)
            e.summary = summarise(e)
            if self.original is not None:
                e.summary.reproduction = reproduction(self.original, e)
            e.status = Status.SUCCEEDED
            e.summary.judgement = judge(e, self.parent)
        except (RunCancelled, ClipCancelled, MeasureCancelled):
            e.status = Status.CANCELLED
        except RunFailed as failed:
            self._fail(failed)
        except (ClipError, MeasureError, StoreError) as problem:
            self._fail(lost(str(problem)))
        except OSError as problem:
            log.error("experiment %s: %s", e.id, problem)
            self._fail(lost(of_the_agent(problem)))
        except Exception as bug:  # the record must become terminal whatever died
            log.exception("experiment %s: the agent failed", e.id)
            self._fail(lost(of_the_agent(bug)))
        e.finished_at = now()
        e.summary.seconds = round(time.monotonic() - self._began, 3)
        self._stage("finished", e.status.value, frames=(0, 0))
        return e

    def _fail(self, failed: RunFailed) -> None:
        """A failed run has no results: what it measured before it failed is told in the events alone."""
        e = self.experiment
        e.status, e.error, e.results, e.summary = Status.FAILED, failed.failure, [], Summary()
        e.log = failed.log[-LOG_KEPT:]

    def _check(self) -> None:
        self._stage("check", "checking the code against the contract")
        checked = check_code(self.experiment.code)
        if not checked.ok:
            raise RunFailed(Failure(category=ErrorCategory.INVALID_CODE, message=checked.message))
        self.experiment.warnings = [f"line {d.line}: {d.message}" for d in checked.diagnostics]

    def _prepare(self) -> list[Source]:
        """Planes of every clip, the record's clip facts filled in, a source preview of each."""
        e, catalogue = self.experiment, self.tools.catalogue
        clips = []
        for ref in e.clips:
            clip = catalogue.get(ref.name)
            if ref.sha256 and ref.sha256 != clip.sha256:
                raise lost(
                    f"The clip {ref.name} is not the one this experiment was made for: its frames' hash is "
                    f"{clip.sha256[:12]}, the record says {ref.sha256[:12]}."
                )
            clips.append(clip)
        e.clips = [clip.ref(e.frames) for clip in clips]
        self.tools.make_room(bytes_needed(clips, e.frames, e.timing_runs))
        self.reporter.save(e)
        if uses_compiled_kit(e.code):
            self._stage("prepare", "compiling codec_kit where it has changed (a minute or two, once)")
            show_compiled_kit(self.tools)
        sources = []
        for clip in clips:
            self._stage("prepare", f"preparing {clip.name}", clip=clip.name)
            planes = catalogue.planes(clip, cancel=self.cancel.is_set)
            stop_if(self.cancel)
            source = source_of(clip, planes, e.frames)
            if self.tools.previews:
                self._source_preview(source)
            sources.append(source)
        return sources

    def _source_preview(self, source: Source) -> None:
        clip = source.clip
        key = f"clips/{clip.sha256}/preview.mp4"
        if self.tools.artifacts.local(key) is not None:
            return
        with self.tools.workspace(f"{self.experiment.id}-preview") as folder:
            whole = source_of(clip, source.planes, None)
            make_preview(
                source.planes,
                whole.info,
                folder / "preview.mp4",
                clip_facts=clip,
                encoder=self.tools.preview_by.encoder,
                cancel=self.cancel.is_set,
            )
            stop_if(self.cancel)
            self.tools.artifacts.put_file(key, folder / "preview.mp4", droppable=True)

    def _smoke(self, source: Source) -> None:
        """A few frames at one rate, so that a broken codec fails in a second and not after the first clip."""
        rates = self.experiment.rates
        rate, short = rates[len(rates) // 2], source.first(SMOKE_FRAMES)
        where = f"{short.info.frames} frames of {source.clip.name} at rate {rate:g}"
        self._stage("smoke", f"smoke run: {where}", clip=source.clip.name, rate=rate, frames=(0, short.info.frames))
        try:
            with self.tools.workspace(f"{self.experiment.id}-smoke") as folder:
                brief, tick = self._brief(), self._smoke_tick
                code_and_decode(self.tools, brief, short, rate, folder, tick, self.cancel, counts=False)
        except RunFailed as failed:
            failed.failure = Failure(
                category=failed.failure.category,
                message=f"In the smoke run ({where}): {failed.failure.message}",
            )
            raise

    def _brief(self) -> Experiment:
        """The experiment with the smoke run's limits."""
        limits = self.experiment.limits
        brief = limits.model_copy(update={"wall_seconds": min(limits.wall_seconds, SMOKE_SECONDS)})
        return self.experiment.model_copy(update={"limits": brief})

    def _smoke_tick(self, stage: str, done: int, total: int) -> None:
        self._tell(frames_done=done, frames_total=total)

    def _points(self, sources: list[Source]) -> None:
        e = self.experiment
        for source in sources:
            for rate in e.rates:
                self._at.point += 1
                point = self._point(source, rate)
                row, where = point.row, f"{point.row.clip} at rate {rate:g}"
                e.results.append(row)
                e.log = (e.log + "".join(f"[{phase} {where}]\n{text}\n" for phase, text in point.printed))[-LOG_KEPT:]
                for warning in point.warnings:
                    e.warnings.append(f"{where}: {warning}")
                    self.reporter.event("warning", e.warnings[-1])
                self.reporter.save(e)
                ssim = "" if row.ssim is None else f", SSIM {row.ssim:.4f}"
                self.reporter.event("point", f"{where}: {row.kbps:.1f} kbit/s, {row.psnr_y:.2f} dB{ssim}", self._at)

    def _point(self, source: Source, rate: Rate) -> Point:
        e, total = self.experiment, source.info.frames
        name = source.clip.name
        self._stage("encode", f"encoding {name} at rate {rate:g}", clip=name, rate=rate, frames=(0, total))

        def tick(stage: str, done: int, frames: int) -> None:
            if stage != self._at.stage:
                self._stage(stage, f"{stage} {name} at rate {rate:g}", clip=name, rate=rate, frames=(done, frames))
            else:
                self._tell(frames_done=done, frames_total=frames)

        try:
            with self.tools.workspace(f"{e.id}-{name}-{rate_key(rate)}") as folder:
                return run_point(self.tools, e, source, rate, folder, tick, self.cancel)
        except RunFailed as failed:
            failed.failure = Failure(
                category=failed.failure.category,
                message=f"On {name} at rate {rate:g}: {failed.failure.message}",
            )
            raise

    def _stage(
        self,
        stage: str,
        message: str,
        *,
        clip: str | None = None,
        rate: Rate | None = None,
        frames: tuple[int, int] = (0, 0),
    ) -> None:
        stop_if(self.cancel) if stage != "finished" else None
        self._tell(stage=stage, clip=clip, rate=rate, frames_done=frames[0], frames_total=frames[1])
        self.reporter.event("stage", message, self._at)

    def _tell(self, **changes: object) -> None:
        """One new progress value; the record carries the latest, the reporter hears of each."""
        self._at = self._at.model_copy(update=changes | {"seconds": round(time.monotonic() - self._began, 2)})
        self.experiment.progress = self._at
        self.reporter.progress(self._at)
