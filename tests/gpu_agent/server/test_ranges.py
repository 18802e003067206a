import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.server.ranges import RangeNotSatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (None, 10, None),
        ("", 10, None),
        ("bytes=0-0", 10, (0, 0)),
        ("bytes=0-", 10, (0, 9)),
        ("bytes=3-100", 10, (3, 9)),
        ("bytes=-3", 10, (7, 9)),
        ("bytes=-300", 10, (0, 9)),
        (" bytes=9-9 ", 10, (9, 9)),
        ("bytes=5-4", 10, None),
        ("bytes=-", 10, None),
        ("bytes=0-1,3-4", 10, None),
        ("bytes=a-b", 10, None),
        ("lines=0-1", 10, None),
        ("bytes=٣-٤", 10, None),
        ("bytes=--1", 10, None),
        ("bytes=0-" + "9" * 30, 10, None),
    ],
)
def test_one_well_formed_range_is_taken_and_all_else_ignored(header, size, expected):
    assert parse_range(header, size) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)])  # fmt: skip
def test_a_range_outside_of_the_file_cannot_be_satisfied(header, size):
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, size)


@given(st.one_of(st.text(), st.from_regex(r"bytes=\d*-\d*", fullmatch=True)), st.integers(0, 1 << 50))
def test_whatever_is_asked_the_answer_lies_in_the_file(header, size):
    try:
        part = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    assert part is None or 0 <= part[0] <= part[1] < size


@given(st.data(), st.integers(1, 1 << 40))
def test_every_range_within_the_file_is_exact(data, size):
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    assert parse_range(f"bytes={first}-{last}", size) == (first, last)
    assert parse_range(f"bytes=-{size - first}", size) == (first, size - 1)
