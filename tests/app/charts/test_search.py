"""The best so far and the Pareto chart, as figures."""

from __future__ import annotations

import pytest

from app.charts.search import Candidate, Curve, Point, best_figure, contest_figure, pareto_figure

POINTS = [
    Point(1, 1, 5.0, 5.0, "One"),
    Point(2, 2, None, 5.0, "Failed"),
    Point(3, 4, -50.0, 5.0, "<b>Cheat</b>", True),
    Point(4, 6, 2.0, 2.0, "Four"),
]
CANDIDATES = [
    Candidate(1, 5.0, 10.0, "One"),
    Candidate(2, 0.0, 8.0, "Two", "cell", front=True, champion=True),
    Candidate(3, 3.0, 2.0, "Three", front=True),
    Candidate(4, -50.0, 1.0, "Cheat", barred=True),
]


def ids(figure) -> dict[str, list[int]]:
    return {t.name: [c[0] for c in t.customdata] for t in figure.data if t.customdata is not None}


@pytest.mark.parametrize("dark", [False, True])
def test_the_best_so_far_is_a_line_and_every_attempt_can_be_clicked(dark):
    figure = best_figure(POINTS, "Experiments", dark)
    assert ids(figure) == {"Attempts": [1, 4], "Barred by the audit": [3]}
    assert list(figure.data[0].y) == [5.0, 5.0, 5.0, 2.0]
    assert figure.data[0].line.shape == "hv"
    assert "<b>Cheat" not in figure.data[2].hovertext[0]


@pytest.mark.parametrize("dark", [False, True])
def test_the_front_is_marked_and_what_is_barred_is_not_on_it(dark):
    figure = pareto_figure(CANDIDATES, dark)
    assert ids(figure) == {"On the front": [2, 3], "Beaten in both": [1], "Barred by the audit": [4]}
    assert list(figure.data[0].x) == [0.0, 3.0]
    assert figure.layout.yaxis.range[0] < 0 < 1 < figure.layout.yaxis.range[1]
    assert figure.data[1].text[0] == "★ 2"


def test_without_figures_there_is_no_chart():
    assert best_figure([Point(1, 1, None, None, "x")], "Experiments") is None
    assert best_figure([], "Experiments") is None
    assert pareto_figure([]) is None
    assert contest_figure([Curve("x", [])], "Dollars") is None


def test_searches_are_drawn_over_one_another_in_colours_of_their_own():
    figure = contest_figure(
        [Curve("chain", [(1, 5.0), (4, 2.0)]), Curve("none", []), Curve("best of", [(2, 4.0)])], "Experiments"
    )
    assert [t.name for t in figure.data] == ["chain", "best of"]
    assert figure.data[0].line.color != figure.data[1].line.color
    assert figure.layout.xaxis.dtick == 1
