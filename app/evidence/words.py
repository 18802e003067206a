"""Numbers as Claude reads them: plain ASCII, a fixed number of digits, units in words."""

from __future__ import annotations

from collections.abc import Iterable


def signed(percent: float) -> str:
    """ "+31.2 %"; zero has no sign."""
    text = f"{percent:+.1f}"
    return f"{text.lstrip('+-') if text in ('+0.0', '-0.0') else text} %"


def share(part: float, whole: float) -> str:
    """ "12.5 %"; "unknown" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "unknown"


def section(title: str, lines: Iterable[str]) -> str:
    """A heading with its lines; empty where there are none."""
    body = "\n".join(line for line in lines if line)
    return f"### {title}\n{body}" if body else ""


def one_line(text: str, most: int = 300) -> str:
    """Text of others on one line, cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
