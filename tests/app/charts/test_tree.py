"""Family trees: every node has one place of its own, whatever the data says about parents."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.charts.tree import Node, families, layout


def node(name: str, *parents: str, **more) -> Node:
    return Node(name, name.upper(), parents, **more)


def test_generations_go_right_and_a_parent_stands_between_its_children():
    plan = layout([node("a"), node("b", "a"), node("c", "a"), node("d", "c"), node("e", "c"), node("f")])
    assert {n: p.generation for n, p in plan.places.items()} == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2, "f": 0}
    rows = {n: p.row for n, p in plan.places.items()}
    assert rows == {"b": 0, "d": 1, "e": 2, "c": 1.5, "a": 0.75, "f": 3}
    assert (plan.rows, plan.generations) == (4, 3)


def test_a_missing_parent_makes_a_root_and_is_told():
    plan = layout([node("b", "gone"), node("c", "gone", "b")])
    assert plan.lost == {"b": "gone"}
    assert plan.places["b"].generation == 0
    assert [(e.parent, e.child, e.hangs) for e in plan.edges] == [("b", "c", True)]


def test_circles_lose_one_edge_of_the_tree_only():
    plan = layout([node("a", "c"), node("b", "a"), node("c", "b"), node("self", "self")])
    assert len(plan.places) == 4
    assert sum(e.hangs for e in plan.edges) == 2
    assert len(plan.edges) == 3


def test_siblings_of_a_group_stand_together():
    plan = layout([node("r"), node("a", "r", group="g"), node("b", "r"), node("c", "r", group="g")])
    assert sorted(("a", "b", "c"), key=lambda n: plan.places[n].row) == ["a", "c", "b"]


def test_families_hang_together_by_any_parent():
    found = families([node("a"), node("x"), node("b", "a"), node("c", "b", "x"), node("alone")])
    assert [[n.id for n in family] for family in found] == [["a", "x", "b", "c"], ["alone"]]


def test_a_chain_of_thousands_is_laid_out():
    chain = [node("n0"), *(node(f"n{i}", f"n{i - 1}") for i in range(1, 3000))]
    assert layout(chain[::-1]).generations == 3000


@given(st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 14), max_size=3)), max_size=30))
def test_whatever_the_edges_every_node_has_a_place_of_its_own(pairs):
    nodes = [node(str(i), *map(str, parents)) for i, parents in pairs]
    plan = layout(nodes)
    assert set(plan.places) == {n.id for n in nodes}
    assert max(Counter(plan.places.values()).values(), default=1) == 1
    for edge in plan.edges:
        if edge.hangs:
            assert plan.places[edge.child].generation == plan.places[edge.parent].generation + 1
    assert sum(map(len, families(nodes))) == len(plan.places)
