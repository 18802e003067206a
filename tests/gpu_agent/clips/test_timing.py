from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.clips.timing import USUAL_RATES, average_rate, constant_rate

BASES = [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 12_800), Fraction(1, 10**9)]


@given(st.sampled_from(USUAL_RATES), st.integers(0, 5000), st.integers(48, 300), st.sampled_from(BASES), st.booleans())
def test_a_usual_rate_is_found_behind_any_rounding(rate, first, count, base, declared):
    stamps = [first + round(n / rate / base) for n in range(count)]
    rounded = Fraction(round(rate * 1000), 1000)
    found = constant_rate(stamps, base, [rounded if declared else None])
    if declared:
        assert found == rate
    else:
        assert abs(found / rate - 1) < Fraction(2, 1000)


@pytest.mark.parametrize("stamps", [[0, 40, 80, 200], [0, 0, 0], [0, 40, 20, 60], [5, 3, 1]])
def test_irregular_stamps_have_no_constant_rate(stamps):
    assert constant_rate(stamps, Fraction(1, 1000), [Fraction(25)]) is None


def test_the_average_counts_intervals_not_frames():
    assert average_rate([0, 10, 2000], Fraction(1, 1000)) == 1
    assert average_rate([7, 7], Fraction(1, 1000)) is None
    assert average_rate([7], Fraction(1, 1000)) is None
