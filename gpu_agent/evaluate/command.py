"""The command: arguments in, exit code out. 0 the run succeeded, 1 it failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ..archive import ArchiveError, open_archive
from ..archive.verify import clips_here, verify
from ..clips import Catalogue, ClipCancelled, ClipError, JailedReading, ReadingUnavailable
from ..measure import check_golden
from ..models import Clip, ErrorCategory, Experiment, ExperimentRequest, Failure, Origin, Status, now
from ..preview import plane_y4m
from ..road.afterwards import complete
from ..road.freeze import freeze
from ..road.report import RunCancelled, RunFailed
from ..road.tools import Tools, jail_of, rate_key
from ..road.trip import source_of
from ..road.walk import Walk
from ..settings import AgentSettings, settings_sentence
from ..store.folder import FolderArtifacts
from .anchors import rate_against
from .arguments import UsageError, check_outputs, check_words, limits_of, read_code, request_sentence
from .audited import audited
from .scratch import scratch
from .show import Show


def main(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    show = Show(quiet=options.json == "-")
    cancel = threading.Event()
    with interrupting(cancel):
        try:
            settings = AgentSettings()
            check_words(options)
            with scratch(settings.root / "eval") as folder:
                if options.verify:
                    return verified(options, settings, folder, show, cancel)
                return evaluate(options, settings, folder, show, cancel)
        except (ClipCancelled, RunCancelled):
            return wrong("cancelled", 1)
        except ValidationError as e:
            return wrong(settings_sentence(e) if e.title == "AgentSettings" else request_sentence(e))
        except ReadingUnavailable as e:
            return wrong(str(e), 1)
        except (UsageError, ClipError, ArchiveError) as e:
            return wrong(str(e))
        except RunFailed as e:
            return wrong(e.failure.message, 1)
        except OSError as e:
            return wrong(f"{e.filename or ''} {e.strerror or e}".strip())


def wrong(sentence: str, code: int = 2) -> int:
    print(f"lab eval: {sentence}", file=sys.stderr)
    return code


@contextlib.contextmanager
def interrupting(cancel: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in order, so that nothing of it is left; a caller's own handlers come back."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: cancel.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def evaluate(
    options: argparse.Namespace, settings: AgentSettings, folder: Path, show: Show, cancel: threading.Event
) -> int:
    code = read_code(options.codec)
    check_outputs(options)
    request = ExperimentRequest(
        code=code,
        rates=list(dict.fromkeys(options.rate)) or None,
        frames=options.frames,
        timing_runs=options.timing_runs,
        limits=limits_of(options),
        origin=Origin(kind="eval", note=Path(options.codec).name),
    )
    tools = tools_in(folder, settings)
    catalogue = tools.catalogue
    show.say("preparing clips")
    clips = chosen(catalogue, options.clip, cancel)
    experiment = freeze(request, [clip.ref(options.frames) for clip in clips])
    jail = tools.jail.status()
    with show:
        if not jail.available:
            record = refused(experiment, ErrorCategory.SANDBOX, jail.message)
        elif drift := check_golden():
            record = refused(experiment, ErrorCategory.LOST, drift)
        else:
            record = Walk(tools, experiment, show, cancel).run()
        if record.status is Status.SUCCEEDED:
            complete(tools, record, cancel, show.perceptual)
        if record.status is Status.SUCCEEDED and options.anchors:
            anchors_folder = settings.root / "anchors"
            rate_against(record, options.anchors, clips, catalogue, anchors_folder, show.anchor, cancel)
    if options.audit and record.status is Status.SUCCEEDED:
        show.say("auditing; the anchors are measured first where they are not known on these clips")
        record.audit = audited(tools, record, clips, settings.root / "anchors", cancel)
    if options.json:
        text = record.model_dump_json(indent=2) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            Path(options.json).write_text(text, encoding="utf-8")
    show.result(record)
    if options.decoded and record.status is Status.SUCCEEDED:
        write_decoded(record, clips, tools, Path(options.decoded))
    return 0 if record.status is Status.SUCCEEDED else 1


def tools_in(folder: Path, settings: AgentSettings) -> Tools:
    """The scratch folder is this run's cache too: a lab that runs beside it keeps its own. Its clips are the lab's."""
    jail = jail_of(settings)
    return Tools(
        settings.model_copy(update={"data": folder}),
        jail,
        Catalogue(settings, JailedReading(jail)),
        FolderArtifacts(folder / "artifacts", folder / "cache" / "artifacts"),
        previews=False,
        kit=settings.root / "kit",
    )


def verified(
    options: argparse.Namespace, settings: AgentSettings, folder: Path, show: Show, cancel: threading.Event
) -> int:
    """A line a point. 0: every bitstream and every decoded frame came out the same; 1: not, or not all could be tried."""
    tools = tools_in(folder, settings)
    catalogue = tools.catalogue
    with open_archive(Path(options.verify)) as archive:
        show.say("preparing clips")
        files = chosen(catalogue, options.clip, cancel) if options.clip else []
        jail = tools.jail.status()
        if not jail.available:
            return wrong(jail.message, 1)
        points = []
        with show:
            here = clips_here(archive.record, catalogue, files)
            for point in verify(archive, tools, here, cancel, show.verifying):
                points.append(point)
                show.line(point.text, point.ok)
        wanted = len(archive.record.results)
        same = sum(point.ok for point in points)
        show.line(f"{same} of {wanted} points came out the same.", bool(wanted) and same == wanted)
        return 0 if wanted and same == wanted else 1


def chosen(catalogue: Catalogue, wanted: list[str], cancel: threading.Event) -> list[Clip]:
    """Names of the catalogue first; else files."""
    clips: dict[str, Clip] = {}
    for name in wanted or catalogue.default_names():
        file = Path(name)
        is_file = (file.suffix != "" and file.is_file()) or "/" in name
        clip = opened(catalogue, file, cancel) if is_file else catalogue.get(name)
        clips[clip.name] = clip
    return list(clips.values())


def opened(catalogue: Catalogue, file: Path, cancel: threading.Event) -> Clip:
    """One of several files may be the wrong one: the sentence says which."""
    try:
        return catalogue.add_file(file, cancel=cancel.is_set)
    except ReadingUnavailable:
        raise
    except ClipError as e:
        raise UsageError(f"--clip {file}: {e}") from e


def refused(experiment: Experiment, category: ErrorCategory, message: str) -> Experiment:
    """No jail, or a measurement that drifts: no run."""
    experiment.status, experiment.finished_at = Status.FAILED, now()
    experiment.error = Failure(category=category, message=message)
    return experiment


def write_decoded(record: Experiment, clips: list[Clip], tools: Tools, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    by_name = {c.name: c for c in clips}
    for row in record.results:
        key = f"{record.id}/{row.artifacts['decoded']}"
        planes = tools.artifacts.local(key)
        if planes is None:
            raise UsageError(f"the decoded frames of {row.clip} at rate {row.rate:g} were dropped for want of space.")
        source = source_of(by_name[row.clip], planes, row.frames)
        with (folder / f"{row.clip}-{rate_key(row.rate)}.y4m").open("wb") as out, contextlib.closing(out):
            plane_y4m(planes, source.info, out)
