"""Which wheels a box needs, worked out for the box: its Python and its system, not those of the machine that asks.

pip chooses for another platform only which file it takes; the markers of requirements it evaluates for the Python that
runs it. So pip is asked here for single wheels alone, and what a wheel requires is read from its metadata, under the
box's markers. The newest version that every requirement allows is taken, and one taken too early is taken again; where
no version is allowed by all, a person has to pin.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from infra.launcher.terminal import Problem

LIBC = range(28, 16, -1)
PLATFORMS = [*(f"manylinux_2_{n}_x86_64" for n in LIBC), "manylinux2014_x86_64", "linux_x86_64"]
ROUNDS = 40


class Wheel(NamedTuple):
    path: Path
    version: Version
    requires: list[Requirement]


@dataclass
class Need:
    """What is asked of one package, by all that ask."""

    allowed: SpecifierSet = field(default_factory=SpecifierSet)
    extras: set[str] = field(default_factory=set)
    askers: set[str] = field(default_factory=set)


def markers(python: str) -> dict[str, str]:
    """Every variable that a marker may name, as on a Linux box with this Python; 3 is the oldest patch that one has."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.3",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.3",
        "python_version": python,
        "sys_platform": "linux",
    }


def collect(pins: str, python: str, house: Path) -> None:
    """Exactly the wheels that the pins need on the box, into the empty folder `house`. Raises Problem."""
    asked = parsed(pins)
    for _ in range(ROUNDS):
        held = wheels_in(house)
        needed = needs(asked, held, python)
        # What a wheel of the wrong version requires is no question yet, so that one goes before anything else is asked.
        out = [n for n in held if n in needed and not fits(held[n], needed[n])] or (held.keys() - needed.keys())
        wanted = {n: need for n, need in needed.items() if n not in held}
        for name in out:
            held[name].path.unlink()
        if not out and not wanted:
            return
        if not out:
            fetch(wanted, python, house)
    raise Problem(f"The wheels do not settle after {ROUNDS} rounds; last in question: {', '.join([*out, *wanted])}.")


def check(pins: str, python: str, house: Path) -> None:
    """Read the folder itself once more, without a network. Raises Problem with everything that the box would miss."""
    held = wheels_in(house)
    wrong = [
        f"  {said(name, need)}: {f'{held[name].version} is there' if name in held else 'it is not there'}"
        for name, need in needs(parsed(pins), held, python).items()
        if name not in held or not fits(held[name], need)
    ]
    if wrong:
        raise Problem("The wheels are not all that the box needs:\n" + "\n".join(wrong))


def parsed(pins: str) -> list[Requirement]:
    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in pins.splitlines())
    return [Requirement(line) for line in lines if line]


def wheels_in(house: Path) -> dict[str, Wheel]:
    """By canonical name."""
    found = {}
    for path in sorted(house.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        with ZipFile(path) as archive:
            [entry] = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
            told = BytesParser().parsebytes(archive.read(entry), headersonly=True)
        requires = [Requirement(line) for line in told.get_all("Requires-Dist", [])]
        found[name] = Wheel(path, version, requires)
    return found


def needs(asked: list[Requirement], held: dict[str, Wheel], python: str) -> dict[str, Need]:
    """Of every package that is asked for, directly or by a wheel that is held, what all of them ask together."""
    found: dict[str, Need] = {}
    todo = deque(applying(asked, set(), python, "the pins"))
    while todo:
        requirement, asker = todo.popleft()
        name = canonicalize_name(requirement.name)
        first = name not in found
        need = found.setdefault(name, Need())
        need.allowed &= requirement.specifier
        need.askers.add(f"{asker} ({requirement.specifier or 'any'})")
        new = requirement.extras - need.extras
        need.extras |= new
        if name in held and (first or new):
            todo.extend(applying(held[name].requires, need.extras, python, name))
    return found


def applying(
    requires: list[Requirement], extras: set[str], python: str, asker: str
) -> Iterator[tuple[Requirement, str]]:
    """Those whose marker holds on the box, without an extra or with one of these."""
    for requirement in requires:
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**markers(python), "extra": e}) for e in ["", *sorted(extras)]):
            yield requirement, asker


def fits(wheel: Wheel, need: Need) -> bool:
    return need.allowed.contains(wheel.version, prereleases=True)


def said(name: str, need: Need) -> str:
    return f"{name}, for {', '.join(sorted(need.askers))}"


def fetch(wanted: dict[str, Need], python: str, house: Path) -> None:
    """One wheel of each, by pip, which looks at no requirement of theirs. Raises Problem."""
    listed = house.parent / "wanted.txt"
    listed.write_text("".join(f"{name}{need.allowed}\n" for name, need in sorted(wanted.items())))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={p}" for p in PLATFORMS] + ["--dest", str(house), "--requirement", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        asked = "\n".join(f"  {said(name, need)}" for name, need in sorted(wanted.items()))
        last = "\n".join(done.stderr.splitlines()[-12:])
        raise Problem(f"pip could not collect the wheels of these:\n{asked}\nIts last lines:\n{last}")
