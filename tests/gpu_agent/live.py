"""A real agent on a free port over a temporary data folder, a tiny clip for it, and ways to talk to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from app.agent_client import AgentClient
from gpu_agent.contract import EXAMPLE
from gpu_agent.jail.canary import JailStatus
from gpu_agent.jail.stale import is_orphan
from gpu_agent.models import Experiment, ExperimentRequest
from gpu_agent.server import Agent
from gpu_agent.settings import AgentSettings
from tests.gpu_agent.clips.in_process import InProcess
from tests.gpu_agent.clips.media import moving_planes, write_y4m

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
SERVE = """
import faulthandler, signal
faulthandler.register(signal.SIGUSR1)
from gpu_agent.__main__ import main
from gpu_agent.jail import Jail
from gpu_agent.road.ladders import Ladders
Jail.normalise_page_cache = lambda self: None  # what it empties, the next start would have to read again
Ladders.want = lambda self, experiment: None
raise SystemExit(main(["serve"]))
"""
NO_JAIL = JailStatus(False, None, "Bubblewrap is not installed: apt install bubblewrap.")
SLOW = EXAMPLE.replace("import zlib\n", "import time\nimport zlib\n").replace(
    "    for frame in video:\n", "    for frame in video:\n        time.sleep({seconds} if rate == 8 else 0)\n"
)
SLOW_CODEC = SLOW.replace("{seconds}", "0.25")
"""The example, a quarter of a second a frame slower at rate 8: there is time to do something to it."""
STUCK_CODEC = SLOW.replace("{seconds}", "3600")
"""At rate 8 it ends by being ended alone."""
STUCK = {"code": STUCK_CODEC, "rates": (8, 4)}
"""The smoke run is at the rate in the middle of the list, so it is the first point that sticks."""
SLOW_LAST = {"code": SLOW_CODEC, "rates": (4, 2, 8)}


def settings_for(folder: Path, **changes: Any) -> AgentSettings:
    return AgentSettings(**({"data": folder, "agent_port": 0, "disk_floor_gb": 0, "vmaf": "off"} | changes))


def tiny_clip(
    folder: Path, name: str = "tiny", size: int = 32, frames: int = 8, seed: int = 0, rate: Fraction | int = 25
) -> Path:
    return write_y4m(folder / f"{name}.y4m", moving_planes(size, size, frames, seed), rate)


@contextmanager
def live_agent(folder: Path, jail: bool = True, **changes: Any) -> Iterator[Agent]:
    """`jail` false: the agent believes that it has none, so that what is queued waits; yet the tests' own files are read."""
    agent = Agent(settings_for(folder, **changes))
    agent.tools.jail.normalise_page_cache = lambda: None
    agent.worker.on_end = lambda experiment: None  # no anchors
    if not jail:
        agent.tools.jail.status = lambda: NO_JAIL
        agent.tools.catalogue.reading = InProcess()
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()


def client_of(agent: Agent, **options: Any) -> AgentClient:
    return AgentClient(agent.url, lambda: agent.token, **options)


def upload(client: AgentClient, path: Path) -> str:
    with path.open("rb") as file:
        return client.upload(path.name, file, path.stat().st_size).name


def start(client: AgentClient, code: str = EXAMPLE, clips=("tiny",), rates=(4,), **changes: Any) -> Experiment:
    return client.create(ExperimentRequest(code=code, clips=list(clips), rates=list(rates), **changes))


def follow(client: AgentClient, experiment_id: str, until) -> list[str]:
    """Long poll until `until(status, messages so far)`; every message. Fails after PATIENCE seconds without a new one."""
    messages, after, deadline = [], 0, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = client.events(experiment_id, after, 10)
        messages += [event.message for event in seen.events]
        if until(seen.status, messages):
            return messages
        if seen.events:
            after, deadline = seen.events[-1].seq, time.monotonic() + PATIENCE
    raise AssertionError(f"nothing new of {experiment_id} for {PATIENCE} s: {messages}")


def finished(client: AgentClient, experiment_id: str) -> Experiment:
    follow(client, experiment_id, lambda status, _: status.terminal)
    return client.get(experiment_id)


def under_way(client: AgentClient, experiment_id: str, word: str = "encoding") -> None:
    """Until a message with `word` came: the run is in the middle of something."""
    follow(client, experiment_id, lambda _, messages: any(word in m for m in messages))


def run(client: AgentClient, code: str = EXAMPLE, **more: Any) -> Experiment:
    return finished(client, start(client, code, **more).id)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's code; and its message is a sentence."""
        error = self.json["error"]
        assert re.fullmatch(r".{10,}", error["message"], re.DOTALL), error
        return error["code"]


class Wire:
    """One connection, byte by byte."""

    def __init__(self, agent: Agent, timeout: float = 30):
        self.agent = agent
        self.socket = socket.create_connection(agent.server.server_address[:2], timeout=timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, method: str, path: str, body: bytes = b"", *, token: bool = True, **headers: str) -> None:
        lines = {"Host": "x"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if token:
            lines["Authorization"] = f"Bearer {self.agent.token}"
        if body or method == "POST":
            lines.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    def answer(self, head: bool = False) -> Answer:
        """Reads one answer. ConnectionError where there is none."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed without an answer")
        headers = {}
        while (field := self.file.readline().strip()) != b"":
            name, _, value = field.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        body = b"" if head else self.file.read(int(headers.get("content-length", 0)))
        return Answer(int(line.split()[1]), headers, body)

    def ask(self, method: str, path: str, body: bytes = b"", **options: Any) -> Answer:
        self.send(method, path, body, **options)
        return self.answer(head=method == "HEAD")

    @property
    def closed(self) -> bool:
        """Whether the agent has closed; waits for it to."""
        try:
            return self.file.read(1) == b""
        except ConnectionError:
            return True


def ask(agent: Agent, method: str, path: str, body: bytes = b"", **options: Any) -> Answer:
    with Wire(agent) as wire:
        return wire.ask(method, path, body, **options)


class AgentProcess:
    """`serve` in a process of its own on a free port of its own choosing; killed at the end if it still lives."""

    def __init__(self, folder: Path, **environment: str):
        self.folder, self.log = folder, folder.parent / f"{folder.name}.log"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder.parent), "CODEC_LAB_DATA": str(folder),
            "CODEC_LAB_AGENT_PORT": "0", "CODEC_LAB_DISK_FLOOR_GB": "0", "CODEC_LAB_LEASE_SECONDS": "1.5",
            "CODEC_LAB_VMAF": "off", "CODEC_LAB_TOKEN": "CANARY-token", "ANTHROPIC_API_KEY": "CANARY-key",
        } | environment  # fmt: skip

    def __enter__(self) -> AgentProcess:
        seen = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", SERVE]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            said = re.search(rb"answers at (\S+)\s", self.log.read_bytes()[seen:])
            if said:
                self.client = AgentClient(said[1].decode(), lambda: self.environment["CODEC_LAB_TOKEN"])
                return self
            time.sleep(0.02)
        raise AssertionError(f"the agent did not start: {self.log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR1)  # what its threads are at goes into the log
            time.sleep(1)
            raise AssertionError(f"the agent does not stop: {self.log.read_text()[-6000:]}") from None


def jailed(mark: str) -> list[int]:
    """Processes whose command line carries `mark`: the clip's own odd frame rate is one, which the jail is told."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def left(mark: str) -> str:
    """What the kernel says of such processes, for a test that finds some."""
    told = []
    for pid in jailed(mark):
        with contextlib.suppress(OSError):
            entry = Path("/proc", str(pid))
            facts = dict(line.split(":\t", 1) for line in (entry / "status").read_text().splitlines() if ":\t" in line)
            known = {name: facts.get(name) for name in ("Name", "State", "PPid", "NSpid", "Threads")}
            open_ = sorted({os.readlink(fd) for fd in (entry / "fd").iterdir()})
            told.append(f"{pid}: {known}, waits in {(entry / 'wchan').read_text()}, holds {open_}")
    return "\n".join(told)


def comes(found) -> bool:
    """Whether `found()` becomes true within PATIENCE: a stage is told before its jail is there."""
    deadline = time.monotonic() + PATIENCE
    while not found() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(found())


def gone(mark: str) -> bool:
    """Whether all such processes end within PATIENCE."""
    return comes(lambda: not jailed(mark))


def gone_but_for_an_init(mark: str) -> bool:
    """As `gone`, but what a kill in the first millisecond leaves counts as gone: the next start of a jail removes it."""

    def stuck(pid: int) -> bool:
        try:
            return is_orphan(Path("/proc", str(pid)))
        except OSError:
            return True

    return comes(lambda: all(map(stuck, jailed(mark))))
