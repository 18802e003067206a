"""The command: arguments in, exit code out. 0 the run succeeded, 1 it failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import sys
import tempfile
import threading
from pathlib import Path

from ..clips import Catalogue, ClipError
from ..jail import Jail
from ..models import Clip, ErrorCategory, Experiment, ExperimentRequest, Failure, Limits, Origin, Rate, Status, now
from ..preview import plane_y4m
from ..road.environment import gpu
from ..road.freeze import freeze
from ..road.point import source_of
from ..road.tools import Tools, rate_key
from ..road.walk import Walk
from ..settings import AgentSettings
from ..store.folder import FolderArtifacts
from .audited import audited
from .show import Show


class UsageError(ValueError):
    """Wrong usage: a sentence, and exit code 2."""


def add_parser(commands) -> None:
    p = commands.add_parser("eval", help="evaluate a codec in the terminal", description=__doc__)
    p.add_argument("codec", metavar="CODEC.py", help="the codec module")
    p.add_argument(
        "--clip",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="a clip of the catalogue, or a video file; may be repeated (default: carphone)",
    )
    p.add_argument(
        "--rate",
        action="append",
        default=[],
        type=number,
        metavar="R",
        help="a rate point; may be repeated (default: the codec's RATES)",
    )
    p.add_argument("--frames", type=int, metavar="N", help="only the first N frames of each clip")
    p.add_argument("--json", metavar="FILE", help="write the record here ('-': standard output)")
    p.add_argument("--decoded", metavar="FOLDER", help="write the exact decoded frames here, as CLIP-rRATE.y4m")
    p.add_argument("--audit", action="store_true", help="audit the run as the agent does, and show the badges")
    p.add_argument("--timeout", type=float, metavar="S", help="wall seconds of one encode or decode (default 600)")
    p.add_argument("--memory", type=int, metavar="MB", help="memory of one encode or decode (default 4096)")


def number(text: str) -> Rate:
    try:
        return int(text)
    except ValueError:
        return float(text)


def main(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    settings = AgentSettings()
    show = Show(quiet=options.json == "-")
    try:
        with tempfile.TemporaryDirectory(prefix="codec-lab-eval-", dir=scratch_home(settings)) as folder:
            return evaluate(options, settings, Path(folder), show)
    except (UsageError, ClipError, ValueError) as e:
        print(f"lab eval: {e}", file=sys.stderr)
        return 2
    except OSError as e:
        print(f"lab eval: {e.filename or ''} {e.strerror or e}".replace("  ", " "), file=sys.stderr)
        return 2


def scratch_home(settings: AgentSettings) -> Path:
    settings.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.cache


def evaluate(options: argparse.Namespace, settings: AgentSettings, folder: Path, show: Show) -> int:
    code = read_code(options.codec)
    catalogue = Catalogue(settings)
    show.say("preparing clips")
    clips = chosen(catalogue, options.clip)
    request = ExperimentRequest(
        code=code,
        rates=list(dict.fromkeys(options.rate)) or None,
        frames=options.frames,
        limits=limits_of(options),
        origin=Origin(kind="eval", note=Path(options.codec).name),
    )
    experiment = freeze(request, [clip.ref(options.frames) for clip in clips])
    # The scratch folder is this run's cache too: a lab that runs beside it keeps its own.
    private = settings.model_copy(update={"data": folder})
    tools = Tools(
        private,
        Jail(gpu=settings.gpu == "auto" and gpu() is not None, required=settings.require_sandbox),
        catalogue,
        FolderArtifacts(folder / "artifacts", folder / "cache" / "artifacts"),
        previews=False,
    )
    cancel = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: cancel.set())
    signal.signal(signal.SIGTERM, lambda *_: cancel.set())
    jail = tools.jail.status()
    with show:
        if jail.available:
            record = Walk(tools, experiment, show, cancel).run()
        else:
            record = refused(experiment, jail.message)
    if options.audit and record.status is Status.SUCCEEDED:
        show.say("auditing; the anchors are measured first where they are not known on these clips")
        record.audit = audited(tools, record, clips, settings.root / "anchors", cancel)
    if options.decoded and record.status is Status.SUCCEEDED:
        write_decoded(record, clips, tools, Path(options.decoded))
    if options.json:
        text = record.model_dump_json(indent=2) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            Path(options.json).write_text(text)
    show.result(record)
    return 0 if record.status is Status.SUCCEEDED else 1


def read_code(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise UsageError(f"{path} is not a text file in UTF-8.") from e
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror}.") from e


def chosen(catalogue: Catalogue, wanted: list[str]) -> list[Clip]:
    """Names of the catalogue first; else files."""
    clips: dict[str, Clip] = {}
    for name in wanted or catalogue.default_names():
        file = Path(name)
        is_file = (file.suffix != "" and file.is_file()) or "/" in name
        clip = catalogue.add_file(file) if is_file else catalogue.get(name)
        clips[clip.name] = clip
    return list(clips.values())


def limits_of(options: argparse.Namespace) -> Limits:
    changes = {"wall_seconds": options.timeout, "memory_mb": options.memory}
    return Limits(**{k: v for k, v in changes.items() if v is not None})


def refused(experiment: Experiment, message: str) -> Experiment:
    """No jail, no run."""
    experiment.status, experiment.finished_at = Status.FAILED, now()
    experiment.error = Failure(category=ErrorCategory.SANDBOX, message=message)
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
