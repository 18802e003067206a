"""One of the programs that `./lab` runs: started under its guard, asked whether it answers, stopped as a whole."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")


@dataclass
class Service:
    """What is run (`command` in `folder` with `environment`), where it answers, and how patient to be with it.

    Without a `port` it answers nothing: it counts as there from its start, and its end later is answered by a restart.
    `restarts` bounds the restarts in a row after it has once answered; None: no bound. Times are seconds.
    """

    name: str
    command: Sequence[str]
    host: str
    port: int | None
    health: str
    folder: Path
    environment: Mapping[str, str]
    log: Path
    restarts: int | None = None
    echo: bool = False
    grace: float = 10.0
    process: subprocess.Popen | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Start it in a session of its own, so that the terminal's Ctrl-C reaches the launcher alone."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-I", str(GUARD), "--log", str(self.log), "--grace", str(self.grace)]
        if self.echo:
            command += ["--echo", self.name]
        self.process = subprocess.Popen(
            [*command, "--", *self.command], stdin=subprocess.PIPE, cwd=self.folder, env=dict(self.environment),
            start_new_session=True,
        )  # fmt: skip

    def answers(self, timeout: float = 2.0) -> bool:
        """Whether its health call gives 200. Proxies of the environment are not asked."""
        return self.port is None or answers(self.host, self.port, self.health, timeout)

    def exit_code(self) -> int | None:
        """None while it runs; 128 + n after signal n."""
        return self.process.poll() if self.process else None

    def ask_to_stop(self) -> None:
        """Close the lifeline: SIGTERM, then SIGKILL for the whole tree after the grace."""
        if self.process:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def kill(self) -> None:
        """Do not wait for the grace. The guard still clears the whole tree."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        if self.process:
            self.process.wait()

    def last_lines(self, count: int = 12) -> list[str]:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 16_384))
                return file.read().decode(errors="replace").rstrip().splitlines()[-count:]
        except OSError:
            return []


def answers(host: str, port: int, path: str, timeout: float = 2.0) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
