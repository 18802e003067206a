"""The family tree as a figure: colours by value, states by marker, texts of others as text."""

from __future__ import annotations

from app.charts.lineage import LABELLED, SPREAD, lineage_figure
from app.charts.tree import Node


def markers(figure) -> dict[str, object]:
    return {t.name: t for t in figure.data if t.customdata is not None}


def test_without_nodes_there_is_no_figure():
    assert lineage_figure([]) is None


def test_nodes_carry_their_id_colour_and_state():
    nodes = [
        Node("a", "Root", value=-90.0),
        Node("b", "Child", ("a",), value=12.0, hover=("by Claude",)),
        Node("c", "Broken", ("a",), state="failed"),
        Node("d", "Unrated", ("a",), ring=True),
    ]
    figure = lineage_figure(nodes)
    drawn = markers(figure)
    assert [row[0] for row in drawn["succeeded"].customdata] == ["a", "b", "d"]
    assert drawn["succeeded"].marker.color[:2] == (-SPREAD, 12.0)
    assert isinstance(drawn["succeeded"].marker.color[2], str), "what was not rated is grey, not zero"
    assert drawn["failed"].marker.symbol == "x"
    assert "+12.0" in drawn["succeeded"].hovertext[1]
    assert "by Claude" in drawn["succeeded"].hovertext[1]
    assert "BD-rate" not in drawn["failed"].hovertext[0]
    assert sum(t.marker.symbol == "circle-open" for t in figure.data if t.mode == "markers") == 1


def test_titles_that_are_traps_stay_text():
    figure = lineage_figure([Node("a", "<b>x</b><script>", group="<i>run</i>", hover=("<img src=x>",))])
    text = figure.to_json()
    assert "<script>" not in text
    assert "<img" not in text
    assert figure.layout.annotations[0].text == "&lt;i&gt;run&lt;/i&gt;"


def test_groups_are_framed_with_their_name():
    nodes = [Node("a", "A"), Node("b", "B", ("a",), group="Run 1"), Node("c", "C", ("b",), group="Run 1")]
    figure = lineage_figure(nodes)
    (frame,) = figure.layout.shapes
    assert frame.x0 < 1 < 2 < frame.x1
    assert figure.layout.annotations[0].text == "Run 1"


def test_of_a_large_tree_only_those_that_stand_out_are_labelled():
    nodes = [Node(f"n{i}", f"Codec {i}", (f"n{i // 2}",), value=float(i)) for i in range(LABELLED + 50)]
    figure = lineage_figure(nodes)
    assert sorted(filter(None, markers(figure)["succeeded"].text)) == ["Codec 0", "Codec 1", "Codec 2"]
    assert figure.layout.height <= 1600
