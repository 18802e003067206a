"""What was run, on what, and what the agent found worth a word: warnings and the audit's badges."""

from __future__ import annotations

from fractions import Fraction

from app.results.badges import label
from app.results.hypothesis import told
from gpu_agent.models import ClipRef, Experiment, Limits, Status

from .words import one_line, section

MOST_CLIPS = 8
MOST_WARNINGS = 10
STATES = {
    Status.QUEUED: "it waits in the queue and has measured nothing yet",
    Status.RUNNING: "it is still running; figures are of the points measured so far",
    Status.SUCCEEDED: "it succeeded",
    Status.FAILED: "it failed, so it has no figures",
    Status.CANCELLED: "it was cancelled; figures are of the points measured before",
}


def what_was_run(experiment: Experiment) -> str:
    e, clips = experiment, experiment.clips
    lines = [f'"{one_line(e.title, 200)}" (experiment {e.id}): {STATES[e.status]}.']
    lines += [f"- clip {clip_facts(clip)}" for clip in clips[:MOST_CLIPS]]
    lines += [f"- and {len(clips) - MOST_CLIPS} clips more"] if len(clips) > MOST_CLIPS else []
    lines.append(f"- rates: {', '.join(f'{r:g}' for r in e.rates)}")
    lines.append(f"- the code compressed (the decoder's size): {e.decoder_bytes} bytes")
    changed = [f"{name} {value}" for name, value in e.limits if value is not None and value != getattr(Limits(), name)]
    lines += [f"- limits other than the usual ones: {', '.join(changed)}"] if changed else []
    machine = ", ".join(filter(None, [e.environment.get("cpu"), cores(e), gpu(e)]))
    lines += [f"- machine: {machine}"] if machine else []
    return section("What was run", lines)


def clip_facts(clip: ClipRef) -> str:
    size = f" {clip.width}x{clip.height}" if clip.width and clip.height else ""
    frames = f", {clip.frames} frames" if clip.frames else ""
    rate = f" at {float(Fraction(clip.fps)):.5g} frames per second" if clip.fps and clip.frames else ""
    return f"{clip.name}{size}{frames}{rate}"


def cores(experiment: Experiment) -> str:
    count = experiment.environment.get("cores")
    return f"{count} cores" if count else ""


def gpu(experiment: Experiment) -> str:
    found = experiment.environment.get("gpu")
    return str(found.get("name") or "") if isinstance(found, dict) else ""


def findings(experiment: Experiment) -> str:
    """Warnings, and what the audit found."""
    warnings = experiment.warnings
    lines = [f"- warning: {one_line(w)}" for w in warnings[:MOST_WARNINGS]]
    lines += [f"- and {len(warnings) - MOST_WARNINGS} warnings more"] if len(warnings) > MOST_WARNINGS else []
    if experiment.status is Status.SUCCEEDED and experiment.unranked:
        lines.append(f"- it stands in no ranked list: {experiment.unranked}")
    if experiment.audit is not None and experiment.status is Status.SUCCEEDED:
        lines += [f"- audit, {label(b).lower()} ({b.verdict}): {one_line(b.text)}" for b in experiment.audit.badges]
    return section("Warnings and audit", lines)


def expected(experiment: Experiment, parent: Experiment | None) -> str:
    """The hypothesis and whether the measurement bore it out."""
    found = told(experiment, parent)
    if found is None:
        return ""
    plain = found.outcome.replace("\u202f", " ").replace("\u2212", "-")
    return section("What was expected of it", [f"Hypothesis: {one_line(found.expected, 2000)}", f"Outcome: {plain}"])
