"""The loop with a real agent and jail on a tiny clip, and a scripted Claude that proposes codecs of known quality."""

from __future__ import annotations

import pytest

from .codecs import padded

pytestmark = pytest.mark.jail


def verdicts(attempts):
    return [(a.kind, a.verdict) for a in attempts]


def test_better_and_worse(world, until):
    run = world.start(padded(40), experiments=6)
    world.answer(padded(20), padded(30))
    ended = until(run)
    attempts = world.attempts(run)
    print([(a.number, a.kind, a.verdict, a.score, a.said, a.dollars) for a in attempts])
    print(ended.reason, world.billed(), sum(a.dollars or 0 for a in attempts))
    assert ended.champion == 2
