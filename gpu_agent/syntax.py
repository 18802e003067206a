"""A codec's syntax tree, from several threads at once.

Python before 3.11.8 and 3.12.2 counts the depth of a tree in the making in one place for all threads
(https://github.com/python/cpython/issues/106905): where two are made at once, one may end in a SystemError.
"""

from __future__ import annotations

import ast
import threading
import warnings
from contextlib import suppress

TRIES = 5
"""Streamlit parses too, and does not wait for anybody here."""
_one_at_a_time = threading.Lock()


def parse(code: str) -> ast.Module:
    """As `ast.parse`, whose errors pass through; an invalid escape in a text is not warned of."""
    for _ in range(TRIES - 1):
        with suppress(SystemError):
            return parse_once(code)
    return parse_once(code)


def parse_once(code: str) -> ast.Module:
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)
