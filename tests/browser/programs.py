"""The real agent, the real lab and the stub of the Messages API as processes of their own, on one temporary folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.claude.store import ConversationStore
from app.drafts import Draft, Drafts
from gpu_agent.models import Experiment
from gpu_agent.store import ExperimentStore
from gpu_agent.store.open import open_experiments
from gpu_agent.store.settings import StoreSettings

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def wait_for(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> Any:
    """The first true value of `condition`, asked ten times a second."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return value


class Program:
    """One server process, in a session of its own so that nothing of it stays behind."""

    def __init__(self, arguments: list[str], environment: dict[str, str], url: str, log: Path):
        self.arguments, self.environment, self.url, self.log = arguments, environment, url, log
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait(self) -> None:
        def up() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.arguments[0]} ended:\n{self.log.read_text()[-3000:]}"
            return answers(self.url)

        wait_for(up, " ".join(self.arguments))

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # what is left of its session, if anything
            self.process = None


class Lab:
    """`claude`: with a key and the stub behind it. `agent`: whether there is one at all."""

    def __init__(self, folder: Path, claude: bool = True, agent: bool = True):
        self.data = folder / "data"
        app_port, agent_port, stub_port = free_port(), free_port(), free_port()
        self.url, self.stub_url = f"http://127.0.0.1:{app_port}", f"http://127.0.0.1:{stub_port}"
        known = {k: v for k, v in os.environ.items() if not k.startswith(("CODEC_LAB_", "ANTHROPIC_"))}
        environment = known | {
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CODEC_LAB_DATA": str(self.data),
            "CODEC_LAB_AGENT_PORT": str(agent_port),
            "CODEC_LAB_AGENT_URL": f"http://127.0.0.1:{agent_port}",
            "CODEC_LAB_APP_PORT": str(app_port),
        }
        key = {"CODEC_LAB_ANTHROPIC_BASE_URL": self.stub_url, "CODEC_LAB_ANTHROPIC_API_KEY": "test"} if claude else {}
        self.app = Program(["app"], environment | key, f"{self.url}/health", folder / "app.log")
        self.agent = Program(
            ["gpu_agent", "serve"], environment, f"http://127.0.0.1:{agent_port}/health", folder / "agent.log"
        )
        self.stub = Program(
            ["tests.stubs.messages_api", "--port", str(stub_port)],
            environment,
            f"{self.stub_url}/__stub__/health",
            folder / "stub.log",
        )
        self.autopilot = Program(["app.autopilot"], environment | key, self.url, folder / "autopilot.log")
        """Started by the tests that need it."""
        self.programs = [self.app] + ([self.agent] if agent else []) + ([self.stub] if claude else [])
        self.home = StoreSettings(data=self.data)

    def start(self) -> None:
        for program in self.programs:
            program.start()
        for program in self.programs:
            program.wait()

    def stop(self) -> None:
        for program in self.programs:
            program.stop()

    def move(self, home: StoreSettings, environment: dict[str, str]) -> None:
        """To another home of experiments, as a person moves a running lab: stopped, and these variables from now on."""
        self.home = home.model_copy(update={"data": self.data})
        own = {
            f"CODEC_LAB_{k.upper()}": str(v) for k, v in home.model_dump(exclude={"data"}, exclude_unset=True).items()
        }
        self.stop()
        for program in self.programs:
            program.environment = program.environment | own | environment

    @property
    def store(self) -> ExperimentStore:
        return open_experiments(self.home)

    @property
    def chats(self) -> ConversationStore:
        return ConversationStore(self.data / "app.db")

    def draft(self, code: str, **form: Any) -> str:
        """A draft with this code, to be opened at `/?draft=ID`; by default one clip, eight frames."""
        drafts = Drafts(self.data / "app.db")
        draft = Draft(id=f"t{time.monotonic_ns():x}", text=code, revision=1)
        draft.form = {"clips": ["carphone"], "rates": "", "frames": 8, "title": ""} | form
        drafts.save(draft)
        return draft.id

    def saved_draft(self, draft_id: str) -> Draft:
        found = Drafts(self.data / "app.db").get(draft_id)
        assert found is not None
        return found

    def ended(self, experiment_id: str) -> Experiment:
        def look() -> Experiment | None:
            found = self.store.get(experiment_id)
            return found if found is not None and found.status.terminal else None

        return wait_for(look, f"the end of {experiment_id}")

    def answer_next(self, text: str) -> None:
        """What Claude's stub replies to the next request."""
        body = json.dumps({"replies": [{"text": text}]}).encode()
        urllib.request.urlopen(f"{self.stub_url}/__stub__/queue", body, timeout=10).close()

    def asked_claude(self) -> list[dict[str, Any]]:
        """The requests that the stub had, oldest first."""
        with urllib.request.urlopen(f"{self.stub_url}/__stub__/requests", timeout=10) as answer:
            return json.load(answer)["requests"]
