"""Values as words: nothing of them is markup, and nothing that was not measured looks like a figure."""

from __future__ import annotations

import html
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stubs.lambdas import load

words = load("dashboard.words")


@given(st.text(), st.integers(1, 300))
def test_text_is_bounded_and_never_markup(value, most):
    shown = words.text(value, most)
    assert not set("<>\"'") & set(shown)
    assert len(html.unescape(shown)) <= most


@pytest.mark.parametrize("value", [None, True, "37.5", math.nan, math.inf, {"$number": "1e400"}])
def test_what_was_not_measured_is_a_dash(value):
    assert [f(value) for f in (words.number, words.percent, words.size)] == ["–"] * 3


def test_figures_have_their_units_and_sign():
    assert words.number(1450.0, 0, " kbit/s") == "1,450 kbit/s"
    assert words.size(12_345) == "12.3 kB"
    assert words.percent(-4.5) == '<span class="good">−4.5 %</span>'
    assert words.percent(13) == '<span class="bad">+13.0 %</span>'


def test_a_status_that_is_unknown_is_no_class():
    assert words.status({"status": '"><b>'}) == '<span class="status unknown">unknown</span>'
