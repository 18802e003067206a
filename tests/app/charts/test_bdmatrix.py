from __future__ import annotations

from app.charts.bdmatrix import matrix_figure
from app.results.contender import Footage
from app.results.format import THIN
from app.results.pairs import OnFootage, Pair
from gpu_agent.measure.bdrate import BDResult

CLIP = Footage("carphone", "c" * 64, 120)


def a_pair(test, reference, percent, overlap=1.0, reason=None) -> Pair:
    clips = [OnFootage(CLIP, "carphone", BDResult(percent, reason, overlap))]
    return Pair(test, reference, "psnr_yuv", clips, percent, reason)


def test_one_alone_has_no_matrix():
    assert matrix_figure(["A"], {}) is None


def test_figures_overlap_and_refusals_are_in_the_cells():
    hostile = "<b>B</b>"
    pairs = {
        ("A", hostile): a_pair("A", hostile, -31.2, overlap=0.66),
        (hostile, "A"): a_pair(hostile, "A", None, reason="“A” has 2 rate points <i>"),
    }
    figure = matrix_figure(["A", hostile], pairs)
    texts = [text.replace(THIN, " ") for text in figure.data[1].text]
    assert texts[0].startswith("−31 %<br>")
    assert "overlap 66%" in texts[0]
    assert texts[1] == "–"
    assert figure.data[0].z[0][1] == -31.2
    assert figure.data[0].z[1][0] is None, "a refusal has no colour"
    assert "2 rate points &lt;i&gt;" in figure.data[0].hovertext[1][0]
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;B&lt;/b&gt;"
