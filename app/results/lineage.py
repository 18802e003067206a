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
    """Experiments that hang together, by id, oldest first. `newest` is when the last one was made."""

    ids: list[str]
    name: str
    newest: str


class Kin(NamedTuple):
    """Who hangs from whom, oldest first. A rerun that was forked from stands for itself; others are counted in `reruns`."""

    parents: dict[str, str | None]
    reruns: dict[str, int]


class Trimmed(NamedTuple):
    nodes: list[Node]
    left_out: int


def kin(outlines: Sequence[Outline], current: str | None = None) -> Kin:
    """`outlines` newest first; `current` always stands for itself."""
    known = {o.id: o for o in outlines}
    parents_of_some = {o.parent_id for o in outlines}
    parents: dict[str, str | None] = {}
    reruns: dict[str, int] = {}
    for o in reversed(outlines):
        of = original(o, known)
        if of == o.id or o.id in parents_of_some or o.id == current:
            parents[o.id] = o.parent_id if of == o.id else of
        else:
            reruns[of] = reruns.get(of, 0) + 1
    return Kin(parents, reruns)


def families_of(outlines: Sequence[Outline], found: Kin) -> list[Family]:
    """Families of more than one, newest first."""
    known = {o.id: o for o in outlines}
    light = [Node(name, "", (parent,) if parent else ()) for name, parent in found.parents.items()]
    groups = [[n.id for n in family] for family in families(light) if len(family) > 1]
    made = [
        Family(ids, f"{short(known[ids[0]].title, 60)} · {plural(len(ids), 'experiment')}", known[ids[-1]].created_at)
        for ids in groups
    ]
    return sorted(made, key=lambda f: f.newest, reverse=True)


def nodes_of(
    outlines: Sequence[Outline], found: Kin, family: Family, anchor: str | None, current: str | None = None
) -> list[Node]:
    """A family's nodes, oldest first, with the BD-rate against the anchor as value."""
    known = {o.id: o for o in outlines}
    return [
        node_of(known[name], found.parents[name], found.reruns.get(name, 0), anchor, name == current)
        for name in family.ids
    ]


def original(outline: Outline, known: dict[str, Outline]) -> str:
    """The experiment that a rerun repeats in the end; one that is not here, or a circle, ends the search."""
    seen = {outline.id}
    while (of := outline.facts.rerun_of) in known and of not in seen:
        seen.add(of)
        outline = known[of]
    return outline.id


def node_of(o: Outline, parent: str | None, reruns: int, anchor: str | None, ring: bool) -> Node:
    percent = o.facts.bd_rate.get(anchor or "") if o.status is Status.SUCCEEDED else None
    origin = ORIGINS[o.facts.kind] + (f" ({o.facts.model})" if o.facts.model else "")
    hover = [f"{origin} · {o.created_at[:16].replace('T', ' ')}"]
    hover += [f"and {plural(reruns, 'rerun')}"] if reruns else []
    hover += [f"held: {o.facts.held}"] if o.facts.held and not o.facts.released else []
    return Node(
        o.id,
        short(o.title, 60) + (f" ×{reruns + 1}" if reruns else ""),
        (parent,) if parent else (),
        percent,
        "archived" if o.archived else o.status.value,
        f"Autopilot run {o.facts.run}" if o.facts.run else None,
        tuple(hover),
        ring,
    )


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
