"""Blind tests as the suites need them: two points of two experiments, and what was answered."""

from __future__ import annotations

import secrets

from gpu_agent.blind import BlindTest, Stimulus, Trial


def stimulus(experiment: str | None = "exp-000001", rate: int = 22, **changes) -> Stimulus:
    base = f"{experiment or 'clips/' + '0' * 64}/carphone/r{rate}"
    facts = {"label": f"Codec, rate {rate}", "preview": f"{base}/preview.mp4", "experiment": experiment}
    facts |= {"exact": f"{base}/frames/{{frame}}/decoded.png", "rate": float(rate), "kbps": 400.25, "psnr_yuv": 34.5}
    return Stimulus(**facts | changes)


def blind_test(one: Stimulus | None = None, two: Stimulus | None = None, answers: str = "", **changes) -> BlindTest:
    """A/B/X on carphone, A always the first point and X always A, so that `answers` (letters) say what is correct."""
    name = changes.pop("id", secrets.token_hex(6))
    trials = tuple(
        Trial(id=f"{name}-{n}", swapped=False, x_is="a", answer=letter, answered_at="2026-01-01T00:01:00Z")
        for n, letter in enumerate(answers)
    )
    facts = {"kind": "abx", "clip": "carphone", "clip_sha256": "0" * 64, "frames": 8}
    facts |= {"created_at": "2026-01-01T00:00:00.000000Z", "trials": trials}
    points = {"one": one or stimulus(), "two": two or stimulus("exp-000002", 27)}
    return BlindTest(id=name, **facts | points | changes)
