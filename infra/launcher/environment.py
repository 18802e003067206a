"""A virtual environment: made once, installed into only when the requirements change, remade when it is broken.

`codec-lab.json` in it is the stamp: which requirement files were installed, by hash. It says `installing` while pip
runs, so an installation that was cut short is recognised at the next start.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.launcher import packages
from infra.launcher.guard import bind_to_parent
from infra.launcher.terminal import Problem, ProgressLine, say

STAMP = "codec-lab.json"
INSTALLING = "installing"


def clean_environment() -> dict[str, str]:
    """The environment without what would lead a virtual environment's Python to other libraries."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")}


def fingerprint(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def pins(requirements: Path) -> list[tuple[str, str]]:
    """(normalised name, version) of each `name==version` line."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", requirements.read_text(), re.MULTILINE)
    return [(re.sub(r"[-_.]+", "_", name).lower(), version) for name, version in found]


class Environment:
    """A virtual environment of the checkout at `root`; the lab's own unless another `name` is given.

    `silent`: only problems are said, for what is made beside something else.
    """

    def __init__(self, root: Path, name: str = ".venv", *, silent: bool = False) -> None:
        self.root, self.silent = root, silent
        self.folder = root / name
        self.python = self.folder / "bin" / "python"

    def ensure(self, *requirements: str) -> Path:
        """Make sure of a whole environment with these requirement files installed; its Python's path.

        Raises Problem where it cannot be made. Launches at the same time wait for one another.
        """
        with self._alone(requirements[0]):
            broken = self.broken()
            if broken:
                self._say(f"The environment in {self.folder.name} is remade: {broken}.")
                shutil.rmtree(self.folder)
            if not self.folder.exists():
                self._make()
            needed = [name for name in requirements if not self._installed(name)]
            if needed:
                self._install(requirements)
        return self.python

    def broken(self) -> str | None:
        """Why the environment must be remade, in words; None where it is whole, or not there at all."""
        if not self.folder.exists():
            return None
        stamp = self._stamp()
        if stamp is None or INSTALLING in stamp:
            return "its installation was not finished"
        command = [self.python, "-I", "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2], sys.prefix)"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_environment())
        except OSError:
            return "its Python is missing"
        except subprocess.TimeoutExpired:
            return "its Python does not answer"
        if answer.returncode != 0:
            return "its Python does not work"
        version, prefix = answer.stdout.strip().split(" ", 1)
        if version != stamp.get("python"):
            return f"it was made for Python {stamp.get('python')}, and its Python is now {version}"
        if tuple(map(int, version.split("."))) < (3, 11):
            return f"its Python is {version}, and 3.11 or newer is needed"
        if Path(prefix).resolve() != self.folder.resolve():
            return "it was made in another folder"
        return None

    def _installed(self, name: str) -> bool:
        """Whether this file was installed as it now is, and every pinned distribution is still there."""
        path = self.root / name
        if (self._stamp() or {}).get("installed", {}).get(name) != fingerprint(path):
            return False
        present = {
            tuple(entry.name.removesuffix(".dist-info").lower().rsplit("-", 1))
            for entry in self.folder.glob("lib/python3*/site-packages/*.dist-info")
        }
        present = {(re.sub(r"[-_.]+", "_", pair[0]), pair[-1]) for pair in present}
        return all(pin in present for pin in pins(path))

    def _make(self) -> None:
        ensure_venv()
        made = subprocess.run(
            [sys.executable, "-m", "venv", self.folder], capture_output=True, text=True, env=clean_environment()
        )
        if made.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Problem(f"The environment could not be made in {self.folder}:\n{made.stdout}{made.stderr}".rstrip())
        self._write({"python": f"{sys.version_info.major}.{sys.version_info.minor}", "installed": {}})

    def _install(self, requirements: Sequence[str]) -> None:
        """pip over all files together, so that no file's installation changes what another pinned."""
        stamp = self._stamp() or {}
        self._write(stamp | {INSTALLING: list(requirements)})
        command = [self.python, "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        command += ["--progress-bar", "off"]
        for name in requirements:
            command += ["-r", name]
        total = sum(len(pins(self.root / name)) for name in requirements)
        names = {name for file in requirements for name, _ in pins(self.root / file)}
        last: deque[str] = deque(maxlen=15)
        launcher = os.getpid()
        title = f"Installing {' and '.join(requirements)} (once; a few minutes)"
        with ProgressLine(title, silent=self.silent) as line:
            process = subprocess.Popen(
                command, cwd=self.root, env=clean_environment(), text=True, errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                preexec_fn=lambda: bind_to_parent(launcher),
            )  # fmt: skip
            try:
                seen: set[str] = set()
                for text in process.stdout:
                    last.append(text.rstrip())
                    step = re.match(r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)", text)
                    if step:
                        seen |= {re.sub(r"[-_.]+", "_", step[1]).lower()} & names
                        line.update(f"{len(seen)} of {total}: {step[1]}")
                    elif text.startswith("Installing collected"):
                        line.update("unpacking")
            except BaseException:
                process.kill()
                raise
            finally:
                process.wait()
        if process.returncode != 0:
            raise Problem("\n".join(["pip could not install what the lab needs. Its last lines:", *last]))
        installed = stamp.get("installed", {}) | {name: fingerprint(self.root / name) for name in requirements}
        self._write({"python": stamp.get("python"), "installed": installed})

    def _stamp(self) -> dict | None:
        try:
            stamp = json.loads((self.folder / STAMP).read_text())
        except (OSError, ValueError):
            return None
        return stamp if isinstance(stamp, dict) else None

    def _write(self, stamp: dict) -> None:
        fresh = self.folder / f"{STAMP}.new"
        fresh.write_text(json.dumps(stamp, indent=1))
        fresh.replace(self.folder / STAMP)

    def _say(self, text: str) -> None:
        if not self.silent:
            say(text)

    @contextmanager
    def _alone(self, requirements: str) -> Iterator[None]:
        """One launcher at a time works on an environment. The lock is on the requirements' folder: no extra file."""
        handle = os.open((self.root / requirements).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("Waiting for another ./lab that is preparing the environment …")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def ensure_venv() -> None:
    """Make sure of what environments are made with. Raises Problem."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        name = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        packages.ensure(name, "Python's venv module", present=lambda: _importable("ensurepip"))


def _importable(module: str) -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None
