"""From outlines to the nodes of a family tree: who came from whom, reruns counted, autopilot runs as groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.charts.tree import Node, families
from gpu_agent.models import Status
from gpu_agent.outline import Outline

from .format import plural, short
from .listing import ORIGINS

DRAWN = 400
"""Experiments that one tree shows at most."""


class Family(NamedTuple):
    """Experiments that hang together, oldest first. `newest` is when the last one was made."""

    nodes: list[Node]
    name: str
    newest: str


class Trimmed(NamedTuple):
    nodes: list[Node]
    left_out: int


def nodes_of(outlines: Sequence[Outline], anchor: str | None, current: str | None = None) -> list[Node]:
    """Oldest first. A rerun that was forked from stands for itself; any other is counted in its original's label."""
    known = {o.id: o for o in outlines}
    originals = {o.id: original(o, known) for o in outlines}
    parents = {o.parent_id for o in outlines}
    alone = {i for i, of in originals.items() if of == i or i in parents or i == current}
    reruns: dict[str, int] = {}
    for name, of in originals.items():
        if name not in alone:
            reruns[of] = reruns.get(of, 0) + 1
    return [node_of(o, originals, reruns.get(o.id, 0), anchor, current) for o in reversed(outlines) if o.id in alone]


def original(outline: Outline, known: dict[str, Outline]) -> str:
    """The experiment that a rerun repeats in the end; one that is not here, or a circle, ends the search."""
    seen = {outline.id}
    while (of := outline.facts.rerun_of) in known and of not in seen:
        seen.add(of)
        outline = known[of]
    return outline.id


def node_of(o: Outline, originals: dict[str, str], reruns: int, anchor: str | None, current: str | None) -> Node:
    standing = o.facts.bd_rate.get(anchor or "")
    percent = standing.percent if standing and o.status is Status.SUCCEEDED else None
    repeats = originals[o.id] != o.id
    parent = originals[o.id] if repeats else o.parent_id
    facts = [
        ORIGINS[o.facts.kind] + (f" ({o.facts.model})" if o.facts.model else ""),
        o.created_at[:16].replace("T", " "),
    ]
    hover = [" · ".join(facts)]
    hover += [f"and {plural(reruns, 'rerun')}"] if reruns else []
    hover += ["a rerun"] if repeats else []
    hover += [f"held: {o.facts.held}"] if o.facts.held else []
    return Node(
        o.id,
        short(o.title, 60) + (f" ×{reruns + 1}" if reruns else ""),
        (parent,) if parent else (),
        percent,
        "archived" if o.archived else o.status.value,
        f"Autopilot run {o.facts.run}" if o.facts.run else None,
        tuple(hover),
        o.id == current,
    )


def families_of(nodes: Sequence[Node], outlines: Sequence[Outline]) -> list[Family]:
    """Families of more than one, newest first."""
    made = {o.id: o.created_at for o in outlines}
    found = [
        Family(family, f"{family[0].label} · {plural(len(family), 'experiment')}", max(made[n.id] for n in family))
        for family in families(nodes)
        if len(family) > 1
    ]
    return sorted(found, key=lambda f: f.newest, reverse=True)


def trimmed(nodes: Sequence[Node], current: str | None = None, most: int = DRAWN) -> Trimmed:
    """At most about `most`: the current one and the newest, each with everything it came from."""
    if len(nodes) <= most:
        return Trimmed(list(nodes), 0)
    by_id = {n.id: n for n in nodes}
    keep: set[str] = set()
    for node in [*filter(None, [by_id.get(current or "")]), *reversed(nodes)]:
        if len(keep) >= most:
            break
        at: str | None = node.id
        while at in by_id and at not in keep:
            keep.add(at)
            at = by_id[at].parents[0] if by_id[at].parents else None
    kept = [n for n in nodes if n.id in keep]
    return Trimmed(kept, len(nodes) - len(kept))
