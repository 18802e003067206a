"""The whole autopilot with a real agent and jail: unattended to the end of its budget, on tiny clips."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.autopilot.progress import spent
from gpu_agent.models import Limits, Status
from gpu_agent.store import Query

from .codecs import CHEATING, CRASHING, ENDLESS, SLOW_AND_FAT, padded, reworded

pytestmark = pytest.mark.jail


def test_codecs_of_known_quality_until_the_budget_ends(world, until):
    run = world.start(
        padded(60),
        experiments=13,
        validation_clips=["unseen"],
        limits=Limits(wall_seconds=10, memory_mb=512),
        repairs=1,
    )
    world.answer(padded(20), SLOW_AND_FAT, CRASHING, padded(50), reworded(padded(20)), CHEATING, ENDLESS, padded(10))
    ended = until(run)
    attempts = world.attempts(run)
    assert [(a.kind, a.parents, a.verdict, a.category) for a in attempts[:8]] == [
        ("start", [], "measured", None),
        ("improve", [1], "measured", None),
        ("improve", [2], "dominated", None),
        ("improve", [2], "failed", "decode_error"),
        ("repair", [4], "measured", None),
        ("improve", [5], "duplicate", None),
        ("improve", [5], "measured", None),
        ("improve", [5], "failed", "timeout"),
    ]
    assert ended.reason.startswith("The budget of 13 experiments is used up")
    assert ended.champion == 2
    scores = {a.number: a.score for a in attempts if a.score is not None}
    assert scores[7] < scores[2] < scores[5] < scores[1]
    assert "Uses library codec" in attempts[6].barred
    assert "In the smoke run" in attempts[3].said

    ids = [e for a in attempts for e in a.experiments.values()]
    records = {e.id: e for e in world.agent.store.page(Query(50)).items}
    assert sorted(ids) == sorted(records)
    assert len(ids) <= 13
    full = {a.number: a.experiments["full"] for a in attempts if "full" in a.experiments}
    assert records[full[2]].parent_id == full[1]
    assert records[full[5]].parent_id == attempts[3].experiments["probe"]
    assert attempts[1].validation_score is not None
    assert [c.name for c in records[attempts[1].experiments["validation"]].clips] == ["unseen"]
    assert all(e.origin.kind == "autopilot" and e.status is not Status.QUEUED for e in records.values())

    assert sum((a.dollars for a in attempts if a.dollars is not None), Decimal(0)) == world.billed() > 0
    assert all(a.request in ("none", "settled") for a in attempts)
    assert spent(ended, attempts) == (f"${world.billed():.4f}", "")
    shown = "\n".join(
        b.get("text", "") for r in world.stub.requests for m in r["body"]["messages"] for b in m["content"]
    )
    assert "unseen" not in shown
