"""From outlines to nodes: parents, reruns counted, autopilot runs grouped, broken data harmless."""

from __future__ import annotations

from app.charts.tree import Node
from app.results.lineage import Family, families_of, kin, trimmed
from app.results.lineage import nodes_of as family_nodes
from gpu_agent.models import Status

from .outlined import outline


def newest_first(*made):
    return sorted(made, key=lambda o: o.created_at, reverse=True)


def nodes_of(made, anchor, current=None) -> list[Node]:
    """As if all were one family."""
    found = kin(made, current)
    return family_nodes(made, found, Family(list(found.parents), "all", ""), anchor, current)


def test_nodes_hang_from_their_parents_with_value_and_state():
    made = newest_first(
        outline(1, percent=10),
        outline(2, percent=-5, parent_id="exp-0001", kind="autopilot", run="r7", model="claude"),
        outline(3, percent=4, parent_id="exp-0001", status=Status.FAILED),
        outline(4, archived=True, parent_id="gone"),
    )
    a, b, c, d = nodes_of(made, "x264-medium", "exp-0002")
    assert (a.parents, a.value, a.state) == ((), 10, "succeeded")
    assert (b.parents, b.group, b.ring) == (("exp-0001",), "Autopilot run r7", True)
    assert (c.value, c.state) == (None, "failed")
    assert (d.state, d.parents) == ("archived", ("gone",))
    assert nodes_of(made, None)[0].value is None


def test_reruns_are_counted_unless_something_came_from_them():
    made = newest_first(
        outline(1),
        outline(2, rerun_of="exp-0001"),
        outline(3, rerun_of="exp-0002"),
        outline(4, parent_id="exp-0003"),
    )
    a, c, d = nodes_of(made, None)
    assert a.label == "Codec 1 ×2"
    assert (c.id, c.parents, d.parents) == ("exp-0003", ("exp-0001",), ("exp-0003",))
    assert len(nodes_of(made, None, "exp-0002")) == 4, "the one that a page is about is always there"


def test_circles_of_reruns_and_parents_end():
    made = newest_first(
        outline(1, rerun_of="exp-0002", parent_id="exp-0002"), outline(2, rerun_of="exp-0001", parent_id="exp-0001")
    )
    assert len(nodes_of(made, None)) == 2


def test_families_are_newest_first_and_those_alone_left_out():
    made = newest_first(
        outline(1), outline(2), outline(3, parent_id="exp-0001"), outline(9), outline(10, parent_id="exp-0002")
    )
    found = families_of(made, kin(made))
    assert [f.ids for f in found] == [["exp-0002", "exp-0010"], ["exp-0001", "exp-0003"]]
    assert found[0].name == "Codec 2 · 2 experiments"


def test_of_a_large_family_the_newest_stay_with_what_they_came_from():
    chain = [outline(n, parent_id=f"exp-{n // 3:04d}" if n else None) for n in range(300)]
    nodes = nodes_of(newest_first(*chain), None)
    shown = trimmed(nodes, "exp-0005", most=40)
    ids = {n.id for n in shown.nodes}
    assert {"exp-0000", "exp-0001", "exp-0005", "exp-0299"} <= ids
    assert shown.left_out == 300 - len(ids)
    assert all(n.parents[0] in ids for n in shown.nodes if n.parents)
    assert len(ids) <= 50
