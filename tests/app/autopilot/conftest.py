"""A real agent, the stub of the Messages API, and an autopilot stepped by the test or run as a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.autopilot.ledger import Ledger
from app.autopilot.models import Attempt, BudgetSettings, Run, RunSettings, Start
from app.autopilot.service import Service
from app.settings import AppSettings
from gpu_agent.anchors import AnchorCurve, AnchorPoint
from gpu_agent.audit import library_codec
from gpu_agent.models import Audit, Clip, Experiment, Status, now
from gpu_agent.road.ladders import curve_key
from gpu_agent.server import Agent
from tests.gpu_agent.live import client_of, live_agent, tiny_clip, upload
from tests.stubs.messages_api import Reply, Stub

from .codecs import reply
from .fakes import Bench

PATIENCE = 300.0
FRAMES = 4


def audited(agent: Agent) -> Callable[[Experiment], None]:
    """In place of the real audit, which takes seconds: the one check that reads the code, at once."""

    def end(experiment: Experiment) -> None:
        if experiment.status is Status.SUCCEEDED:
            agent.store.set_audit(experiment.id, Audit(at=now(), badges=[library_codec.check(experiment.code, [])]))

    return end


def publish_anchor(agent: Agent, clip: Clip, frames: int = FRAMES) -> None:
    """x264's curve on a clip as the agent would publish it, with figures of the test's own over all qualities."""
    rates = [17, 21, 25, 29, 34, 39, 45]
    points = [anchor_point(rate, 800 / 1.5**i, 52.0 - 3.5 * i) for i, rate in enumerate(rates)]
    curve = AnchorCurve(
        anchor="x264-medium", label="x264 medium", clip=clip.name, clip_sha256=clip.sha256, frames=frames,
        points=points, rates=rates,
    )  # fmt: skip
    agent.tools.artifacts.put_bytes(curve_key(clip.sha256, frames, "x264-medium"), curve.model_dump_json().encode())


def anchor_point(rate: int, kbps: float, quality: float) -> AnchorPoint:
    names = AnchorPoint.model_fields
    values: dict[str, Any] = {
        n: None for n in names if not names[n].is_required() or "None" in str(names[n].annotation)
    }
    values |= {"rate": rate, "bytes": 1000, "kbps": kbps, "bpp": 0.1, "lossless": False, "command": "x264"}
    values |= dict.fromkeys(("psnr_y", "psnr_u", "psnr_v", "psnr_yuv"), quality)
    return AnchorPoint(**values | {"encode_seconds": 1.0, "decode_seconds": 1.0})


class World:
    """Agent, stub and settings on one temporary folder, with one clip to search on and one to validate on."""

    def __init__(self, agent: Agent, stub: Stub, folder):
        self.agent, self.stub, self.folder = agent, stub, folder
        agent.worker.on_end = audited(agent)
        client = client_of(agent)
        for name, seed in (("tiny", 0), ("unseen", 7)):
            upload(client, tiny_clip(folder.parent, name, 32, FRAMES, seed))
            publish_anchor(agent, agent.tools.catalogue.get(name))
        self.settings = AppSettings(
            data=folder, agent_url=agent.url, anthropic_api_key="test-key", anthropic_base_url=stub.url
        )
        self.ledger = Ledger(folder / "autopilot.db")

    def start(self, *codecs: str, **changes: Any) -> Run:
        """A new run; `codecs` are the starting ones. A budget is part of `changes`, by its fields' names."""
        budget = {name: changes.pop(name) for name in BudgetSettings.model_fields if name in changes}
        settings = {
            "goal": "Fewer bits.",
            "starts": [Start(name=f"start {i}", code=code) for i, code in enumerate(codecs, 1)],
            "strategy": "chain",
            "search_clips": ["tiny"],
            "frames": FRAMES,
            "budget": BudgetSettings(**budget or {"experiments": 12}),
        }
        return self.ledger.start(RunSettings(**settings | changes))

    def answer(self, *codes: str) -> None:
        """What Claude answers next, in order: a codec's code, or a whole reply."""
        self.stub.queue(*(Reply(c if "python codec" in c or "def " not in c else reply(c)) for c in codes))

    def attempts(self, run: Run) -> list[Attempt]:
        return self.ledger.attempts(run.id)

    def now(self, run: Run) -> Run:
        found = self.ledger.run(run.id)
        assert found is not None
        return found

    def billed(self) -> Decimal:
        """What the stub would bill for all requests, from its own usage and the published prices."""
        from app.claude.models import Usage, cost

        return sum(
            (cost(Usage.from_api(r["usage"]), r["body"]["model"]) for r in self.stub.requests if "usage" in r),
            Decimal(0),
        )


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    with Stub() as stub:
        made = Bench(tmp_path, stub)
        yield made
        made.around.asking.stop_all()


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    folder = tmp_path / "data"
    with live_agent(folder) as agent, Stub() as stub:
        yield World(agent, stub, folder)


@pytest.fixture
def service(world) -> Iterator[Service]:
    """In this process, moved by `until`."""
    made = Service(world.settings)
    made.around.first_wait = 0.01
    yield made
    made.stop()
    made.serve()


@pytest.fixture
def until(service, world) -> Callable[..., Run]:
    """Move the autopilot until a condition of the run holds, by default its end."""

    def move(run: Run, holds: Callable[[Run], Any] = lambda run: run.state == "ended") -> Run:
        deadline = time.monotonic() + PATIENCE
        while not holds(world.now(run)):
            told = [(a.number, a.phase, a.stage, a.verdict, a.said) for a in world.attempts(run)]
            assert time.monotonic() < deadline, f"{world.now(run).state}: {told}"
            if not service.look():
                service._wake.wait(0.02)
                service._wake.clear()
        return world.now(run)

    return move
