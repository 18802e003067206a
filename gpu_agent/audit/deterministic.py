"""Decoding a stored bitstream again, in another fresh jail, must give the frames that were measured."""

from __future__ import annotations

import hashlib

import numpy as np

from ..models import Badge, Experiment, ResultRow
from .bench import BUDGET_SECONDS, Bench, NotTried, first_line

NAME = "deterministic"
GPU_TOLERANCE = 2
"""Levels of 255 by which a sample may differ where the codec runs on a GPU, whose sums depend on the order of threads."""


def check(bench: Bench) -> Badge:
    """One point of each clip. Exact equality is asked for, but on a GPU `GPU_TOLERANCE` levels are let pass, and said."""
    rows = list(bench.one_row_per_clip())
    if sum(r.decode_seconds for r in rows) > BUDGET_SECONDS:
        raise NotTried("Decoding one point of each clip again would take longer than the audit may.")
    tolerance = GPU_TOLERANCE if may_use_gpu(bench.experiment) else 0
    found = [again(bench, row) for row in rows]
    evidence = {"points": found, "tolerance": tolerance}
    other = [p for p in found if not p["same"]]
    if not other:
        many = "One bitstream" if len(found) == 1 else f"One bitstream of each of {len(found)} clips"
        return Badge(
            name=NAME, verdict="good", text=f"{many}, decoded again in a fresh jail: same frames.", evidence=evidence
        )
    broken = [p for p in other if p["failed"]]
    if broken:
        text = f"Decoding {broken[0]['where']} again failed: {broken[0]['failed']}"
        return Badge(name=NAME, verdict="bad", text=f"Not deterministic. {text}", evidence=evidence)
    differences = [p["max_difference"] for p in other]
    if tolerance and all(d is not None and d <= tolerance for d in differences):
        text = f"Not bit-exact, but within {tolerance} of 255 levels when decoded again, as GPUs do: largest difference {max(differences)}."
        return Badge(name=NAME, verdict="note", text=text, evidence=evidence)
    worst = max((d for d in differences if d is not None), default=None)
    by = "" if worst is None else f", by up to {worst} of 255 levels"
    text = f"Not deterministic: {other[0]['where']}, decoded again in a fresh jail, gave other frames{by}."
    return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)


def may_use_gpu(experiment: Experiment) -> bool:
    """The machine gave codecs a GPU, and this one names the library that uses it."""
    return bool(experiment.environment.get("gpu")) and "torch" in experiment.code


def again(bench: Bench, row: ResultRow) -> dict:
    """`max_difference` is over all samples; null where the frames of the run were dropped, which is no failure."""
    path = bench.stored(row, "decoded")
    first = np.memmap(path, np.uint8, "r") if path is not None else None
    total, at, worst = hashlib.sha256(), 0, 0

    def compare(frame: memoryview) -> None:
        nonlocal at, worst
        total.update(frame)
        samples = np.frombuffer(frame, np.uint8)
        if first is not None and at + len(samples) <= len(first):
            before = first[at : at + len(samples)]
            if not np.array_equal(before, samples):
                worst = max(worst, int(np.abs(before.astype(np.int16) - samples).max()))
        at += len(samples)

    outcome = bench.decode_stored(row, compare)
    same = outcome.ok and total.hexdigest() == row.decoded_sha256
    return {
        "where": f"{row.clip} at rate {row.rate:g}",
        "same": same,
        "failed": None if outcome.ok else first_line(outcome.message),
        "max_difference": 0 if same else worst if first is not None and outcome.ok else None,
    }
