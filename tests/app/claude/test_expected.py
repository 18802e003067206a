"""The line of a reply that says what is expected, and its figure: read where it is plain, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.claude import prompt
from app.claude.expected import figure, read_expected
from app.claude.reply import read_codec
from gpu_agent.contract import EXAMPLE


@pytest.mark.parametrize(
    ("line", "percent"),
    [
        ("-10 % bits, because flat blocks are skipped.", -10),
        ("−12.5% bits", -12.5),
        ("+3 % bits, but twice the speed", 3),
        ("about 8 % fewer bits than the parent", -8),
        ("5 percent more bits", 5),
        ("it saves roughly 7 % of the bits", -7),
        ("a BD-rate of -4 % against the parent", -4),
        ("BD-rate: +2%", 2),
        ("5-10 % fewer bits", -5),  # a range claims its modest end
        ("-5 to -10 % bits", -5),
        ("between 5 and 10 % more bits", 10),
        ("0 % bits", 0),
        ("-10 % rate at equal PSNR", -10),
        ("it costs some - 10 % more bits", 10),
        ("10 % bits", None),  # more or fewer?
        ("20 % faster decoding", None),
        ("0.3 dB better on 50 % of the frames", None),
        ("fewer bits where nothing moves", None),
        ("-300 % bits", -300),
    ],
)
def test_the_figure_is_read_where_it_is_plain(line, percent):
    assert figure(line) == percent


@pytest.mark.parametrize(
    "line",
    [
        "Expected: -10 % bits.",
        "**Expected:** -10 % bits.",
        "- expectation: -10 % bits.",
        "> **Hypothesis**: -10 % bits.",
    ],
)
def test_the_line_is_found_however_it_is_set(line):
    found = read_expected(f"Idea.\n\n{line}\n\n````python codec\nx\n````\n")
    assert (found.text, found.bd_rate, found.by) == ("-10 % bits.", -10, "claude")


def test_no_line_is_no_hypothesis_and_code_is_not_read():
    assert read_expected("I expect it to be better.") is None
    assert read_expected("````python codec\n# Expected: -10 % bits\nExpected: -10 % bits\n```\n````\n") is None
    assert read_expected("Expected:\n\nExpected:   \n") is None


def test_a_figure_that_nobody_can_mean_is_kept_as_words():
    found = read_expected("Expected: -300 % bits")
    assert (found.text, found.bd_rate) == ("-300 % bits", None)


def test_the_last_line_counts_and_is_bounded():
    assert read_expected("Expected: -1 % bits\nOn reflection.\nExpected: -2 % bits").bd_rate == -2
    assert len(read_expected("Expected: " + "x" * 9000).text) == 2000


def test_it_comes_with_the_codec():
    codec = read_codec(f"Idea.\n\nExpected: -4 % bits, by skipping.\n\n{prompt.fenced(EXAMPLE)}\n")
    assert codec.expected.bd_rate == -4
    assert read_codec(prompt.fenced(EXAMPLE)).expected is None


def test_the_prompts_own_example_of_the_line_is_understood():
    line = prompt.ANSWER[prompt.ANSWER.index("`Expected: -") + 1 :].partition("`")[0]
    assert read_expected(line).bd_rate == -10


@given(st.text(alphabet="Expected:%-0123456789 .bits`~\n*", max_size=200))
def test_no_text_makes_it_fail(text):
    read_expected(text)
    read_expected("Expected: " + text)
