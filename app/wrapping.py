"""Private functions of Streamlit, wrapped where its public ones cannot be told what the lab needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def wrap(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    """Put `around(function)` in the function's place, once; `around` uses functools.wraps. Nothing where a Streamlit
    has no such function."""
    function = getattr(owner, name, None)
    if function is not None and not hasattr(function, "__wrapped__"):
        setattr(owner, name, around(function))
