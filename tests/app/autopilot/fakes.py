"""A loop around an agent that measures at once, from what the code says of itself: real ledger, store, SDK and stub."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.agent_client import AgentDown, AgentError
from app.autopilot.asking import Asking
from app.autopilot.course import Surroundings
from app.autopilot.ledger import Ledger
from app.autopilot.loop import Loop
from app.autopilot.models import Attempt, BudgetSettings, Run, RunSettings, Start
from app.claude.connection import Connection
from app.claude.models import Usage, cost
from app.evidence import Evidence, describe
from gpu_agent.anchors import AnchorCurve
from gpu_agent.audit import library_codec
from gpu_agent.models import Audit, Badge, ClipRef, Experiment, ExperimentRequest, Failure, Status, Summary, now
from gpu_agent.road.freeze import freeze
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import row
from tests.stubs.messages_api import HttpError, Reply, Stub

from .codecs import reply

PATIENCE = 30.0
SHA = {"tiny": "a" * 64, "unseen": "b" * 64}
QUALITY = {2: 50.0, 4: 45.0, 8: 40.0, 16: 34.0}


class FakeAgent:
    """Bits are those of a base codec plus the padding in the code; `on_validation` changes them on the other clip.

    `hold`: what is dispatched stays queued. `down`, `refuses`: how a dispatch fails.
    """

    def __init__(self, store: LocalExperiments):
        self.store, self.hold, self.down = store, False, False
        self.refuses: AgentError | None = None
        self.bad: dict[str, Badge] = {}
        self.on_validation: Callable[[int], float] = lambda pad: pad
        self.cancelled: list[str] = []
        self.fails_on: str | None = None

    def create(self, request: ExperimentRequest) -> Experiment:
        if self.down:
            raise AgentDown("The agent does not answer.")
        if self.refuses:
            raise self.refuses
        clips = [ClipRef(name=n, sha256=SHA[n], width=32, height=32, frames=4, fps="25") for n in request.clips]
        record = freeze(request, clips)
        if self.store.create(record) and not self.hold:
            self.finish(record.id)
        return self.store.get(record.id)

    def finish(self, experiment_id: str) -> None:
        e = self.store.get(experiment_id)
        lease = self.store.claim(e.id, "fake", 60)
        e.finished_at, e.summary = now(), Summary(seconds=1.5)
        category = next((c for sign, c in FAILURES.items() if sign in e.code), None)
        if self.fails_on in {c.name for c in e.clips}:
            category = "encode_error"
        if category:
            e.status, e.error = Status.FAILED, Failure(category=category, message=f"{category} on tiny at rate 8")
        else:
            e.status, e.results = Status.SUCCEEDED, [self.row(e, c.name, rate) for c in e.clips for rate in e.rates]
        assert self.store.save(e, lease)
        if e.status is Status.SUCCEEDED:
            known = [library_codec.check(e.code, []), *(b for sign, b in self.bad.items() if sign in e.code)]
            self.store.set_audit(e.id, Audit(at=now(), badges=known))

    def row(self, e: Experiment, clip: str, rate: int):
        padding = re.search(r"bytes\((\d+)\)", e.code)
        pad = int(padding[1]) if padding else 50
        bits = (self.on_validation(pad) if clip == "unseen" else pad) + 2000 / rate
        figures = dict.fromkeys(("psnr_y", "psnr_u", "psnr_v", "psnr_yuv"), QUALITY[rate])
        slow = 4.0 if "sleep" in e.code else 8.0
        return row(clip, rate, frames=4, kbps=bits, bpp=bits / 500, decode_fps=slow, **figures)

    def cancel(self, experiment_id: str) -> Experiment:
        self.cancelled.append(experiment_id)
        return self.store.request_cancel(experiment_id)


FAILURES = {"RuntimeError": "decode_error", "while True": "timeout", "gone()": "lost"}


def anchor(clip_sha256: str, frames: int) -> AnchorCurve:
    """x264 at the fake codec's qualities."""
    from .conftest import anchor_point

    rates = [17, 21, 25, 29, 34, 39, 45]
    points = [anchor_point(rate, 800 / 1.5**i, 52.0 - 3.5 * i) for i, rate in enumerate(rates)]
    return AnchorCurve(
        anchor="x264-medium", label="x264 medium", clip="tiny", clip_sha256=clip_sha256, frames=frames, points=points,
        rates=rates,
    )  # fmt: skip


class Bench:
    """One run over fakes, moved step by step; `again` is what a new process would be."""

    def __init__(self, folder: Path, stub: Stub):
        self.folder, self.stub = folder, stub
        self.ledger = Ledger(folder / "autopilot.db")
        self.store = LocalExperiments(folder / "lab.db")
        self.agent = FakeAgent(self.store)
        self.curve_of: Any = anchor
        self.held: str | None = None
        self.patience = 0.0
        self.connection = Connection("test-key", stub.url, silence_seconds=20)
        self.run: Run | None = None
        self.again()

    def again(self) -> None:
        self.loop: Loop | None = None
        self.around = Surroundings(
            self.ledger, self.store, self.agent, Asking(self.connection, lambda: None), lambda *a: self.curve_of(*a),
            evidence, self.patience, 0.0,
        )  # fmt: skip

    def start(self, *codecs: str, **changes: Any) -> Run:
        budget = {name: changes.pop(name) for name in BudgetSettings.model_fields if name in changes}
        settings = {
            "goal": "Fewer bits.",
            "starts": [Start(name=f"start {i}", code=code) for i, code in enumerate(codecs, 1)],
            "strategy": "chain", "search_clips": ["tiny"], "budget": BudgetSettings(**budget or {"experiments": 20}),
        }  # fmt: skip
        self.run = self.ledger.start(RunSettings(**settings | changes))
        return self.run

    def answer(self, *replies: str | HttpError | Reply) -> None:
        self.stub.queue(*(Reply(text_of(r)) if isinstance(r, str) else r for r in replies))

    def step(self) -> Run:
        run = self.ledger.run(self.run.id)
        self.loop = self.loop or Loop(self.around, run)
        self.loop.advance(run, self.held)
        return self.ledger.run(run.id)

    def until(self, holds: Callable[[Run], Any] = lambda run: run.state == "ended") -> list[Attempt]:
        deadline = time.monotonic() + PATIENCE
        while not holds(self.ledger.run(self.run.id)):
            assert time.monotonic() < deadline, [(a.number, a.phase, a.verdict, a.said) for a in self.attempts]
            self.step()
            for turn in list(self.around.asking._turns.values()):
                turn.wait(0.5)
        return self.attempts

    @property
    def attempts(self) -> list[Attempt]:
        return self.ledger.attempts(self.run.id)

    @property
    def now(self) -> Run:
        return self.ledger.run(self.run.id)

    def asked(self, number: int = -1) -> str:
        """The text of a question that the stub had."""
        return "\n".join(b.get("text", "") for b in self.stub.requests[number]["body"]["messages"][-1]["content"])


def text_of(answer: str) -> str:
    return reply(answer) if answer.startswith(('"""', "import")) else answer


def evidence(experiment: Experiment, clips, pictures: bool) -> Evidence:
    return describe(experiment, clips=clips, with_images=False)


def told(attempts: list[Attempt]) -> list[tuple]:
    return [(a.kind, a.parents, a.verdict) for a in attempts]


def billed(bench: Bench) -> Decimal:
    """What the stub would bill for all requests, from its own usage and the published prices."""
    sent = [r for r in bench.stub.requests if "usage" in r]
    return sum((cost(Usage.from_api(r["usage"]), r["body"]["model"]) for r in sent), Decimal(0))
