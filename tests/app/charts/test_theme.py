from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from app.charts.theme import DARK, FIXED, LIGHT, colour, log_ticks, plain_text, slots, symbol, template

# Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(text: str) -> np.ndarray:
    c = np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def seen(text: str, blindness: str) -> np.ndarray:
    c = np.clip(np.array(BLINDNESS[blindness]) @ linear(text), 0, 1)
    return rgb2lab(np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)[None, None])[0, 0]


@pytest.mark.parametrize("shades", [LIGHT, DARK], ids=["light", "dark"])
class TestColours:
    @pytest.mark.parametrize("blindness", BLINDNESS)
    def test_any_two_can_be_told_apart(self, shades, blindness):
        labs = [seen(text, blindness) for text in shades.series]
        assert min(deltaE_ciede2000(a, b) for a, b in itertools.combinations(labs, 2)) >= 12

    def test_all_stand_out_from_the_background(self, shades):
        weights = [0.2126, 0.7152, 0.0722]
        back = linear(shades.background) @ weights + 0.05
        for text in shades.series:
            own = linear(text) @ weights + 0.05
            assert max(own, back) / min(own, back) >= 3


def test_a_name_keeps_its_slot_whatever_else_is_drawn():
    alone = slots(["x264 medium"])["x264 medium"]
    assert slots(["SVT-AV1 preset 8", "x264-medium", "Mine"], own="Mine")["x264-medium"] == alone
    assert slots(["abc"]) == {"abc": slots(["abc", "x264 medium"])["abc"]}


def test_the_page_s_own_experiment_is_always_first():
    assert slots([*FIXED, "Mine"], own="Mine")["Mine"] == 0


def test_many_names_never_share_colour_and_marker():
    given = slots([f"series {i}" for i in range(20)])
    assert len(set(given.values())) == 20
    assert len({(colour(slot, False), symbol(slot)) for slot in given.values()}) == 20


def test_markup_in_names_is_shown_as_text():
    assert plain_text("<a href='x'>b</a> & c") == "&lt;a href='x'&gt;b&lt;/a&gt; &amp; c"


def test_both_templates_are_transparent():
    for dark in (False, True):
        layout = template(dark).layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
    assert template(True).layout.font.color != template(False).layout.font.color


@pytest.mark.parametrize(("low", "high"), [(30, 250), (200, 230), (0.01, 5), (1, 1e6), (99, 101), (0.031, 0.033)])
def test_logarithmic_ticks_are_a_few_readable_numbers_inside(low, high):
    values, labels = log_ticks(low, high)
    assert 1 <= len(values) <= 10
    assert all(low <= value * 1.000001 and value <= high * 1.000001 for value in values)
    assert [float(label) for label in labels] == pytest.approx(values)
    assert all("e" not in label and len(label) <= 7 for label in labels)


def test_less_than_a_decade_has_round_numbers_where_three_of_them_fit():
    assert log_ticks(54, 104)[0] == [60, 70, 80, 90, 100]
