"""The words of `./lab`: which command was meant, and what it answers."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.launcher import testing, up
from infra.launcher.environment import Environment, clean_environment
from infra.launcher.terminal import Problem, say

ROOT = Path(__file__).resolve().parents[2]

COMMANDS = """\
commands:
  up                 the lab and its agent on this machine, until Ctrl-C (the default; ./lab up --help)
  test [--strict] [PYTEST ARGUMENT …]
                     lint and all tests; --strict: skipped browser, jail and scanner tests fail
  eval CODEC.py …    measure one codec without browser or server (./lab eval --help)
                     eval --verify FILE.zip: encode an exported experiment again and compare its hashes
  export ID          everything an experiment has as one zip (-o FILE)
  import FILE.zip …  restore exported experiments in this lab
  bench …            the benchmarks
  deploy …           to AWS, where infra/deploy is there
"""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """The exit status: 0 done, 1 a problem that was said, 2 wrong usage, 130 interrupted."""
    word, rest = split(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        if word == "up":
            given = parse_up(rest)
            if sys.platform != "linux":
                raise Problem("The lab runs on Linux: codecs are jailed with Linux namespaces.")
            return up.up(root, given)
        if word == "test":
            return testing.test(root, rest)
        if word in ("eval", "export", "import"):
            return replace(root, "gpu_agent", word, *rest)
        if word == "bench":
            return replace(root, "tests.benchmarks", *rest)
        if word == "deploy":
            return deploy(root, rest)
        if word == "help":
            parse_up(["--help"])
        say(f"lab: there is no command {word!r}.\n\nusage: ./lab [command] …\n\n{COMMANDS}", error=True)
        return 2
    except Problem as problem:
        say(f"lab: {problem}", error=True)
        return 1
    except KeyboardInterrupt:
        say("\nStopped.", error=True)
        return 130


def interrupt(*_: object) -> None:
    """Being told to end is treated as Ctrl-C, so that what was begun is cleared away."""
    raise KeyboardInterrupt


def split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command and its arguments; options alone belong to `up`."""
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], list(arguments[1:])
    return "up", list(arguments)


def parse_up(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./lab",
        usage="./lab [command] [options]",
        description="Codec Lab: where a person and Claude invent video codecs, and an agent measures them.",
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    up.add_arguments(parser)
    return parser.parse_args(arguments)


def replace(root: Path, module: str, *arguments: str) -> int:
    """Become the module's command in the environment, so that its signals and exit status are its own.

    Relative file names mean what they mean where the person stands, so the folder is not changed, and -P keeps
    what lies in it from being imported.
    """
    python = Environment(root).ensure("requirements.txt")
    environment = clean_environment() | {"PYTHONPATH": str(root)}
    return os.execve(python, [str(python), "-P", "-m", module, *arguments], environment)


def deploy(root: Path, arguments: Sequence[str]) -> int:
    program = root / "infra" / "deploy" / "deploy"
    if not program.exists():
        say("lab: this checkout has no infra/deploy, so there is nothing that could deploy it.", error=True)
        return 2
    return os.execv(program, [str(program), *arguments])
