"""The two-column diff: what changed, what is folded, and that code is text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.results.sidebyside import MAX_LINES, diff, html, words


def test_changes_stand_side_by_side_and_the_rest_is_folded():
    before = "\n".join(f"line {n}" for n in range(30))
    after = before.replace("line 15", "line fifteen").replace("line 20", "line 20\nnew")
    found = diff(before, after)
    assert (found.added, found.removed, found.cut) == (2, 1, False)
    assert [line.fold for line in found.lines if line.fold] == [12, 6]
    changed = [(line.left, line.before, line.right, line.after) for line in found.lines if line.changed]
    assert changed == [(16, "line 15", 16, "line fifteen"), (None, None, 22, "new")]


def test_equal_codes_are_the_same():
    assert diff("a\nb", "a\nb").same
    assert not diff("a", "b").same


def test_code_and_names_are_escaped():
    text = html(diff("x = 1", "x = '<script>alert(1)</script>'"), "<b>old</b>", "new")
    assert "<script>" not in text
    assert "&lt;b&gt;old&lt;/b&gt;" in text


def test_what_differs_in_a_line_is_marked():
    assert words("block = 8", "block = 16") == ("block = <del>8</del>", "block = <ins>16</ins>")
    assert words("import os", "yield frame, 12") == ("import os", "yield frame, 12")


def test_endless_code_is_cut_and_said():
    found = diff("a\n" * (MAX_LINES + 5), "a\n" * MAX_LINES)
    assert found.cut
    assert not found.same


@given(st.text(max_size=200), st.text(max_size=200))
def test_both_sides_can_be_read_back(before, after):
    found = diff(before, after, context=10_000)
    lines = [line for line in found.lines if not line.fold]
    folded = sum(line.fold for line in found.lines)
    assert [line.before for line in lines if line.left] == (before.splitlines() if not folded else [])
    assert [line.after for line in lines if line.right] == (after.splitlines() if not folded else [])
