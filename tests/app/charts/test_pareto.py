from __future__ import annotations

from app.charts.pareto import DRAWN, Spot, pareto_figure


def spot(name: str, percent: float, cost: float, front: bool = False) -> Spot:
    return Spot(name, f"<b>{name}</b>", percent, cost, "said", front)


def test_the_front_is_a_stair_and_points_can_be_clicked():
    figure = pareto_figure([spot("b", -20, 8, True), spot("a", -5, 2, True), spot("c", 3, 9)], "Cost", "x264 medium")
    others, front = figure.data
    assert (front.x, front.y) == ((2, 8), (-5, -20))
    assert front.line.shape == "hv", "what costs a little more is as good as what costs less until the next step"
    assert [row[0] for row in front.customdata] == ["a", "b"]
    assert others.x == (9,)
    assert "<b><b>" not in figure.to_json()
    assert figure.layout.shapes[0].y0 == 0


def test_names_at_the_front_do_not_cover_one_another():
    front = [
        spot("a", -20, 1, True),
        spot("near", -20.5, 1.1, True),
        spot("b", -45, 10, True),
        spot("c", -50, 11, True),
    ]
    figure = pareto_figure([*front, spot("far", 120, 100)], "Cost", "x264")
    assert [bool(name) for name in figure.data[1].text] == [False, True, False, True]  # the better of each two
    alone = pareto_figure([spot("a", -20, 1, True)], "Cost", "x264")
    assert alone.data[0].text[0]


def test_nothing_to_draw_is_no_figure_and_many_are_cut():
    assert pareto_figure([], "Cost", "x264") is None
    assert pareto_figure([spot("a", 1, 0)], "Cost", "x264") is None
    many = [spot(f"n{i}", i, 1 + i) for i in range(DRAWN + 100)]
    (others,) = pareto_figure(many, "Cost", "x264").data
    assert others.y == tuple(range(DRAWN))
    assert others.name == f"others: the best {DRAWN:,} of {DRAWN + 100:,}"
