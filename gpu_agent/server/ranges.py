"""Byte ranges of RFC 9110, section 14: what a video element asks for when it seeks."""

from __future__ import annotations

import re

SINGLE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class RangeNotSatisfiable(ValueError):
    """The range lies outside the file: answer 416 with the file's length."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte (inclusive) to send, or None for the whole file.

    Anything that is not one well-formed range is ignored, as the RFC allows; several ranges are answered whole.
    """
    match = SINGLE.fullmatch(header.strip()) if header else None
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise RangeNotSatisfiable
        return max(0, size - length), size - 1
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    return start, end
