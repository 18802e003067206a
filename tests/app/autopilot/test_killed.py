"""The service killed at random points, with a real agent: no attempt lost or doubled, no money uncounted."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from gpu_agent.models import Status
from gpu_agent.store import Query
from tests.gpu_agent.live import ROOT
from tests.stubs.messages_api import Reply

from .codecs import padded, reply
from .conftest import PATIENCE, World

pytestmark = pytest.mark.jail


class Process:
    """`python -m app.autopilot` on the world's folder, to be killed."""

    def __init__(self, world: World):
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(world.folder.parent), "CODEC_LAB_DATA": str(world.folder),
            "CODEC_LAB_AGENT_URL": world.agent.url, "CODEC_LAB_ANTHROPIC_API_KEY": "test-key",
            "CODEC_LAB_ANTHROPIC_BASE_URL": world.stub.url,
        }  # fmt: skip
        self.log = world.folder.parent / "autopilot.log"

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.autopilot"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def progress(world: World, run) -> list[tuple]:
    return [(a.phase, a.stage, a.request, a.verdict) for a in world.ledger.attempts(run.id, texts=False)]


def test_killed_at_random_points_nothing_is_lost_or_doubled(world):
    draw = random.Random(20261125)
    world.stub.queue(*(Reply(reply(padded(60 - 5 * n)), chunk=400, delay=0.02) for n in range(40)))
    run = world.start(padded(70), experiments=6, validation_clips=["unseen"], strategy="chain")
    process, kills = Process(world), 0
    deadline = time.monotonic() + PATIENCE
    seen: dict[int, dict] = {}
    while world.now(run).state != "ended":
        assert time.monotonic() < deadline, process.log.read_text()[-3000:]
        before = progress(world, run)
        with process.running() as alive:
            steps = draw.randint(2, 4)  # so many steps of the ledger later it is killed, somewhere within a step
            while world.now(run).state != "ended" and steps and time.monotonic() < deadline:
                assert alive.poll() is None, process.log.read_text()[-3000:]
                after = progress(world, run)
                steps -= after != before
                before = after
                time.sleep(draw.random() * 0.05)
        kills += 1
        for a in world.attempts(run):  # what was once known of an attempt stays known
            known = seen.setdefault(a.number, {})
            assert known.get("experiments", {}).items() <= a.experiments.items()
            assert known.get("prompt") in (None, a.prompt)
            seen[a.number] = {"experiments": a.experiments, "prompt": a.prompt}
    attempts = world.attempts(run)
    assert kills >= 3
    assert [a.number for a in attempts] == list(range(1, len(attempts) + 1))
    assert all(a.ended for a in attempts)
    wanted = [e for a in attempts for e in a.experiments.values()]
    there = [
        e.id
        for e in world.agent.store.page(Query(200, archived=None)).items
        if (e.origin.note or "").startswith(run.id)
    ]
    assert Counter(wanted) == Counter(there)
    lost = [a for a in attempts if a.request == "lost"]
    sent = [r for r in world.stub.requests if "usage" in r]
    assert (
        len([a for a in attempts if a.request == "settled"])
        <= len(sent)
        <= len([a for a in attempts if a.request != "none"])
    )
    known = sum((a.dollars for a in attempts if a.dollars is not None), Decimal(0))
    bound = known + sum((a.at_most for a in lost), Decimal(0))
    assert known <= world.billed() <= bound
    for a in lost:
        again = next(b for b in attempts if b.repeats == a.number)
        assert (again.kind, again.parents) == (a.kind, a.parents)
    best = min((a for a in attempts if a.score is not None), key=lambda a: a.score)
    assert world.now(run).champion == best.number
    assert world.agent.store.get(best.experiments["validation"]).status is Status.SUCCEEDED
