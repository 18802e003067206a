from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results import format as f


def spaced(text: str) -> str:
    return text.replace(f.THIN, "_")


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (f.kbits, 212.4, "212_kbit/s"),
        (f.kbits, 21.24, "21.2_kbit/s"),
        (f.kbits, 0.04123, "0.0412_kbit/s"),
        (f.kbits, 9999.4, "9999_kbit/s"),
        (f.kbits, 9999.5, "10.0_Mbit/s"),
        (f.kbits, 123_456, "123_Mbit/s"),
        (f.decibels, 37.94, "37.9_dB"),
        (f.decibels, -0.5, "−0.5_dB"),
        (f.score, 0.95649, "0.956"),
        (f.size, 812, "812_B"),
        (f.size, 999.6, "1.00_kB"),
        (f.size, 4312, "4.31_kB"),
        (f.size, 999_600, "1.00_MB"),
        (f.size, 3e12, "3000_GB"),
        (f.seconds, 0, "0_ms"),
        (f.seconds, 0.0042, "4.2_ms"),
        (f.seconds, 0.9996, "1.00_s"),
        (f.seconds, 59.96, "1_min"),
        (f.seconds, 200, "3_min 20_s"),
        (f.seconds, 7500, "2_h 5_min"),
        (f.percent, 31.2, "+31_%"),
        (f.percent, -4.04, "−4.0_%"),
        (f.percent, -0.01, "0.0_%"),
        (f.percent, 9.96, "+10_%"),
        (f.speed, 14.98, "15.0_fps"),
        (f.frame_rate, "30000/1001", "29.97_fps"),
        (f.frame_rate, "24000/1001", "23.976_fps"),
        (f.frame_rate, "25", "25_fps"),
    ],
)
def test_numbers_carry_units_signs_and_sensible_digits(form, value, text):
    assert spaced(form(value)) == text


@pytest.mark.parametrize("form", [f.kbits, f.decibels, f.score, f.size, f.seconds, f.percent, f.speed, f.figures])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_was_not_measured_is_a_dash(form, value):
    assert form(value) == f.DASH


@pytest.mark.parametrize("value", [None, "", "abc", "1/0", "0"])
def test_an_unreadable_frame_rate_is_a_dash(value):
    assert f.frame_rate(value) == f.DASH


def test_long_numbers_are_grouped_and_short_ones_are_not():
    assert spaced(f.number(1234)) == "1234"
    assert spaced(f.number(-1234567.891, 1)) == "−1_234_567.9"


def test_a_dash_brings_its_reason_and_a_number_does_not():
    assert f.shown(f.percent(None), "curves overlap 12 %") == ("–", "curves overlap 12 %")
    assert f.shown(f.percent(None)).reason == "not measured"
    assert f.shown(f.percent(3.0), "ignored").reason is None


@given(st.floats(1e-6, 1e12))
def test_significant_figures_stay_within_half_a_unit_of_the_third(value):
    shown = float(f.figures(value).replace(f.THIN, ""))
    assert shown == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-11-04T12:00:10Z", "just now"),
        ("2026-11-04T11:59:30Z", "just now"),
        ("2026-11-04T11:57:00.123456Z", "3_min ago"),
        ("2026-11-04T11:00:31Z", "59_min ago"),
        ("2026-11-04T11:00:00Z", "1_h ago"),
        ("2026-11-03T11:00:00Z", "yesterday"),
        ("2026-10-30T11:00:00Z", "5 days ago"),
        ("2026-01-30T11:00:00Z", "30 Jan 2026"),
        ("2026-11-04T11:57:00", "3_min ago"),
        (None, "–"),
        ("soon", "–"),
    ],
)
def test_relative_time(at, text):
    assert spaced(f.ago(at, datetime(2026, 11, 4, 12, tzinfo=UTC))) == text


def test_a_span_names_the_unit_once_and_collapses():
    assert spaced(f.span([37.9, 34.1, 35.0], f.decibels)) == "34.1–37.9_dB"
    assert spaced(f.span([37.94, 37.91], f.decibels)) == "37.9_dB"
    assert spaced(f.span([900, 12_000], f.kbits)) == "900_kbit/s–12.0_Mbit/s"
    assert f.span([0.91, 0.956], f.score) == "0.910–0.956"


def test_lists_read_as_prose():
    assert f.listed([]) == ""
    assert f.listed(["a"]) == "a"
    assert f.listed(["a", "b", "c"]) == "a, b and c"
    assert f.listed(list("abcdef")) == "a, b, c and 3 more"


def test_a_long_message_is_cut_at_a_word_of_its_first_line():
    text = f.short("\n\n  frame 7:   shape (72, 88), expected (144, 176) " + "and so on " * 50 + "\nsecond line", 60)
    assert text == "frame 7: shape (72, 88), expected (144, 176) and so on and…"
    assert len(f.short("x" * 5000, 60)) == 60
    assert f.short("") == ""


def test_ids_are_cut_to_their_time():
    assert f.short_id("261104-101500-ab12cd34") == "261104-101500…"
    assert f.short_id("mine") == "mine"


def test_markdown_of_others_loses_its_powers():
    hostile = "![x](http://e.vil/a.png) <b> $x$ :material/home: :red[no] ~~a~~ www.e.vil"
    safe = f.escape_markdown(hostile)
    assert not re.search(r"(?<!\\)[!\[\](<>$~]", safe)
    for shortcode in (":material", ":red", "://", "www."):
        assert shortcode not in safe
    plain = safe.replace("\u200b", "").replace("\\", "")
    assert plain == hostile


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("See ![a chart](https://e.vil/p.png?key=1) here", "See !\\[a chart](https://e.vil/p.png?key=1) here"),
        ("![a][1]\n\n[1]: https://e.vil/p.png", "!\\[a][1]\n\n[1]: https://e.vil/p.png"),
        ("[![a](https://e.vil/p.png)](https://e.vil)", "[!\\[a](https://e.vil/p.png)](https://e.vil)"),
        ("a [link](https://example.com) and a list[0]!", "a [link](https://example.com) and a list[0]!"),
        ("`![code]` and ![no code](//e.vil)", "`![code]` and !\\[no code](//e.vil)"),
        ("```python\nx = '![a](b)'\n```\n![a](b)", "```python\nx = '![a](b)'\n```\n!\\[a](b)"),
        ("````\n```\n![a](b)\n````\n", "````\n```\n![a](b)\n````\n"),
        ("~~~\n![a](b)", "~~~\n![a](b)"),
    ],
)
def test_pictures_of_a_reply_are_text_and_code_stays(reply, shown):
    assert f.pictures_as_text(reply) == shown
