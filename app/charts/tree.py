"""Where the nodes of a family tree go: generations from left to right, families below one another. Pure, no recursion.

Data may be wrong: a parent that is not there makes its child a root, and of a circle one edge is left out. Every node
has exactly one place, whatever the edges say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """`parents`: the first is the one it hangs from, others are drawn as thin lines. `value` colours it (None: grey).

    `state` chooses the marker (`app.charts.lineage.STATES`); nodes of the same `group` stand together in a frame with
    that name. `hover` are further lines of text; `ring` marks a node, as the one a page is about.
    """

    id: str
    label: str
    parents: tuple[str, ...] = ()
    value: float | None = None
    state: str = "succeeded"
    group: str | None = None
    hover: tuple[str, ...] = ()
    ring: bool = False


class Place(NamedTuple):
    """Generation and row; a parent stands half-way between its first and its last child, so a row may be a fraction."""

    generation: int
    row: float


class Edge(NamedTuple):
    parent: str
    child: str
    hangs: bool
    """Whether the child stands where it does because of this edge."""


class Layout(NamedTuple):
    """`rows` and `generations` are how much room is needed; `lost` maps a child to the parent that is not there."""

    places: dict[str, Place]
    edges: list[Edge]
    rows: int
    generations: int
    lost: dict[str, str]


def layout(nodes: Sequence[Node]) -> Layout:
    """Places for all nodes (of equal ids the first counts); families and siblings in the order given."""
    by_id: dict[str, Node] = {}
    for node in nodes:
        by_id.setdefault(node.id, node)
    hangs_from = hanging(by_id)
    children: dict[str | None, list[str]] = {}
    for name in by_id:
        children.setdefault(hangs_from[name], []).append(name)
    for siblings in children.values():
        siblings.sort(key=grouped(siblings, by_id))
    places, rows = placed(children)
    edges = [
        Edge(parent, node.id, hangs_from[node.id] == parent)
        for node in by_id.values()
        for parent in dict.fromkeys(node.parents)
        if parent in by_id and parent != node.id
    ]
    lost = {n.id: n.parents[0] for n in by_id.values() if n.parents and not any(p in by_id for p in n.parents)}
    return Layout(places, edges, rows, 1 + max((p.generation for p in places.values()), default=-1), lost)


def hanging(by_id: dict[str, Node]) -> dict[str, str | None]:
    """The parent that each hangs from: its first one that is there and does not descend from it."""
    found: dict[str, str | None] = dict.fromkeys(by_id)
    for name, node in by_id.items():
        for parent in node.parents:
            if parent in by_id and not descends(parent, name, found):
                found[name] = parent
                break
    return found


def descends(name: str, ancestor: str, hangs_from: dict[str, str | None]) -> bool:
    at: str | None = name
    while at is not None:
        if at == ancestor:
            return True
        at = hangs_from[at]
    return False


def grouped(siblings: list[str], by_id: dict[str, Node]):
    """Sort key that brings siblings of a group together, at the place of the group's first."""
    first: dict[str, int] = {}
    for at, name in enumerate(siblings):
        first.setdefault(by_id[name].group or name, at)
    order = {name: (first[by_id[name].group or name], at) for at, name in enumerate(siblings)}
    return order.__getitem__


def placed(children: dict[str | None, list[str]]) -> tuple[dict[str, Place], int]:
    """Each leaf takes the next row; a parent is placed when its last child is."""
    rows, at = 0, {}
    stack: list[tuple[str, int, bool]] = [(name, 0, False) for name in reversed(children.get(None, []))]
    while stack:
        name, generation, done = stack.pop()
        below = children.get(name, [])
        if done:
            at[name] = Place(generation, (at[below[0]].row + at[below[-1]].row) / 2)
        elif below:
            stack.append((name, generation, True))
            stack += [(child, generation + 1, False) for child in reversed(below)]
        else:
            at[name], rows = Place(generation, float(rows)), rows + 1
    return at, rows


def families(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes that hang together, each family in the order given, the family of the first node first."""
    by_id: dict[str, Node] = {}
    for node in nodes:
        by_id.setdefault(node.id, node)
    head = {name: name for name in by_id}

    def root(name: str) -> str:
        while head[name] != name:
            head[name] = head[head[name]]
            name = head[name]
        return name

    for node in by_id.values():
        for parent in node.parents:
            if parent in by_id:
                head[root(node.id)] = root(parent)
    found: dict[str, list[Node]] = {}
    for node in by_id.values():
        found.setdefault(root(node.id), []).append(node)
    return list(found.values())
