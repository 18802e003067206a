"""The audit's badges in words: one label each for the badge itself, the reason for whoever hovers, a cell for a listing."""

from __future__ import annotations

from typing import NamedTuple

from gpu_agent.models import Audit, Badge, Experiment, Status

LABELS = {
    "deterministic": {"good": "Deterministic", "bad": "Not deterministic", "note": "Deterministic within a tolerance"},
    "bitstream_matters": {"good": "Bitstream matters", "bad": "Bitstream does not matter"},
    "fresh_clip": {"good": "Holds on a fresh clip", "bad": "Specialised"},
    "library_codec": {"good": "No library codec", "note": "Uses library codec"},
    "code_size": {"good": "Small code", "note": "Large tables", "bad": "Data in the code"},
    "too_good": {"good": "Credible", "bad": "Held for a look"},
}
TOPICS = {
    "deterministic": "Determinism",
    "bitstream_matters": "Bitstream",
    "fresh_clip": "Fresh clip",
    "library_codec": "Library codec",
    "code_size": "Code size",
    "too_good": "Credibility",
}
COLOURS = {"good": "green", "bad": "red", "note": "orange", "unknown": "gray"}
ICONS = {
    "good": ":material/check:",
    "bad": ":material/error:",
    "note": ":material/info:",
    "unknown": ":material/question_mark:",
}
MARKS = {"bad": "✗", "note": "!", "unknown": "?"}
HELP = (
    "What the audit found after the run: ✓ every check is good; ✗ a finding, ! worth knowing, ? not told yet; "
    "empty: not audited. The reasons are on the experiment's own page."
)


class ShownBadge(NamedTuple):
    """`label` and `reason` are plain text: parts of a reason may come from the codec."""

    label: str
    reason: str
    colour: str
    icon: str


def badges(audit: Audit) -> list[ShownBadge]:
    """In the order of the audit, findings first."""
    order = ["bad", "note", "unknown", "good"]
    return [
        ShownBadge(label(b), b.text, COLOURS[b.verdict], ICONS[b.verdict])
        for b in sorted(audit.badges, key=lambda b: order.index(b.verdict))
    ]


def label(badge: Badge) -> str:
    known = LABELS[badge.name].get(badge.verdict)
    return known or f"{TOPICS[badge.name]}: {'not told yet' if badge.verdict == 'unknown' else badge.verdict}"


def cell(experiment: Experiment) -> str:
    """One mark for a row: a tick, or a mark and a word for each finding. Empty where nothing was audited."""
    if experiment.audit is None or experiment.status is not Status.SUCCEEDED:
        return ""
    found = [b for b in experiment.audit.badges if b.verdict in ("bad", "note")]
    if found:
        return ", ".join(f"{MARKS[b.verdict]} {label(b).lower()}" for b in sorted(found, key=lambda b: b.verdict))
    open_ = sum(b.verdict == "unknown" for b in experiment.audit.badges)
    return f"? {open_} open" if open_ else "✓"
