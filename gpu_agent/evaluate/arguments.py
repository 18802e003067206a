"""The command's words: what may be asked for, and a sentence for what may not."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pydantic import ValidationError

from ..models import Limits, Rate
from .anchors import DEFAULT, anchors_named

DESCRIPTION = "Runs a codec as the agent does. Exit code: 0 the run succeeded, 1 it failed, 2 wrong usage."
OPTIONS = {
    "rates": "--rate",
    "frames": "--frames",
    "timing_runs": "--timing-runs",
    "wall_seconds": "--timeout",
    "memory_mb": "--memory",
}


class UsageError(ValueError):
    """Wrong usage: a sentence, and exit code 2."""


def add_parser(commands) -> None:
    p = commands.add_parser("eval", prog="./lab eval", help="evaluate a codec in the terminal", description=DESCRIPTION)
    p.add_argument("codec", metavar="CODEC.py", nargs="?", help="the codec module")
    p.add_argument(
        "--verify",
        metavar="FILE.zip",
        help="instead of a codec: encode and decode an exported experiment again in the jail and compare every hash",
    )
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
    p.add_argument(
        "--timing-runs",
        type=int,
        default=1,
        metavar="N",
        help="encode and decode each point N times; times are medians",
    )
    p.add_argument(
        "--anchors",
        type=anchors_named,
        default=DEFAULT,
        metavar="all|none|NAME,…",
        help=f"known encoders to rate the codec against (default: {DEFAULT}); kept in the data folder once measured",
    )
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


def check_words(options: argparse.Namespace) -> None:
    """A codec or an archive, one of them, and with an archive none of what decides a run."""
    if bool(options.codec) == bool(options.verify):
        raise UsageError("Name a codec, CODEC.py, or an exported experiment with --verify FILE.zip.")
    given = {"--rate": options.rate, "--frames": options.frames, "--json": options.json, "--audit": options.audit}
    given |= {"--decoded": options.decoded, "--timeout": options.timeout, "--memory": options.memory}
    odd = [name for name, value in given.items() if value] if options.verify else []
    if odd:
        raise UsageError(f"{odd[0]} does not go with --verify: the archive says what ran.")


def check_outputs(options: argparse.Namespace) -> None:
    """What cannot be written is said before the run, not after it."""
    if options.decoded:
        Path(options.decoded).mkdir(parents=True, exist_ok=True)
    if options.json and options.json != "-":
        file = Path(options.json)
        if file.is_dir():
            raise UsageError(f"--json {file} is a folder; name a file.")
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise UsageError(f"--json {file} cannot be written.")


def request_sentence(error: ValidationError) -> str:
    """The first problem of the arguments, by the option's name."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = next((str(part) for part in first["loc"] if part in OPTIONS), None)
    return f"{OPTIONS[field] if field else 'the codec'}: {first['msg']}."


def read_code(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise UsageError(f"{path} is not a text file in UTF-8.") from e
    except OSError as e:
        raise UsageError(f"{path} cannot be read: {e.strerror}.") from e


def limits_of(options: argparse.Namespace) -> Limits:
    changes = {"wall_seconds": options.timeout, "memory_mb": options.memory}
    return Limits(**{k: v for k, v in changes.items() if v is not None})
