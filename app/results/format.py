"""How numbers, times and names are written in the lab: one place for units, signs, spaces and what is missing.

Every number formatter takes None (and a number that is not finite) and answers with `DASH`; why something is missing
travels beside the text in `Shown`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

THIN = "\u202f"
"""Narrow space that never breaks a line: between a number and its unit, and between groups of three digits."""
MINUS = "\u2212"
DASH = "–"
ELLIPSIS = "…"


class Shown(NamedTuple):
    """A text and, where it is a dash, the reason to show on hover."""

    text: str
    reason: str | None = None


def shown(text: str, reason: str | None = None) -> Shown:
    """Keep the reason only where there is nothing to see."""
    return Shown(text, (reason or "not measured") if text == DASH else None)


def number(value: float | None, digits: int = 0, sign: bool = False) -> str:
    """Fixed decimals, thin groups of three from five digits on, a true minus sign; `sign` writes the plus too."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{abs(value):.{digits}f}"
    whole, dot, decimals = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", THIN)
    zero = not text.strip("0.")
    prefix = "" if zero else MINUS if value < 0 else "+" if sign else ""
    return prefix + whole + dot + decimals


def figures(value: float | None, count: int = 3) -> str:
    """So many significant figures after the point at most, whole numbers kept whole: 0.0412, 2.12, 21.2, 212, 2121."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    rounded = round(value, max(0, count - 1 - exponent))
    exponent = math.floor(math.log10(abs(rounded)))
    return number(rounded, max(0, count - 1 - exponent))


def with_unit(text: str, unit: str) -> str:
    return text if text == DASH else f"{text}{THIN}{unit}"


def kbits(value: float | None) -> str:
    """A bit rate given in kbit/s; from 10 000 on in Mbit/s."""
    if value is not None and math.isfinite(value) and value >= 9999.5:
        return with_unit(figures(value / 1000), "Mbit/s")
    return with_unit(figures(value), "kbit/s")


def decibels(value: float | None, digits: int = 1) -> str:
    return with_unit(number(value, digits), "dB")


def score(value: float | None, digits: int = 3) -> str:
    """A number without a unit, such as SSIM."""
    return number(value, digits)


def size(value: float | None) -> str:
    """Bytes, decimal (1 kB = 1000 B)."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) < 999.5:
        return with_unit(number(value), "B")
    power = next((p for p in (1, 2) if abs(value) < 999.5 * 1000**p), 3)
    return with_unit(figures(value / 1000**power), ("kB", "MB", "GB")[power - 1])


def seconds(value: float | None) -> str:
    """A duration: 12 ms, 1.42 s, 3 min 20 s, 2 h 5 min."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) < 0.9995:
        return with_unit(number(value * 1000, 0 if abs(value) >= 0.0095 or value == 0 else 1), "ms")
    if value < 59.95:
        return with_unit(figures(value), "s")
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (rest, "s")]
    return " ".join(f"{n}{THIN}{unit}" for n, unit in parts if n)


def percent(value: float | None, sign: bool = True) -> str:
    """One decimal below ten percent, none above; a difference shows its sign."""
    if value is None or not math.isfinite(value):
        return DASH
    return with_unit(number(value, 1 if abs(value) < 9.95 else 0, sign), "%")


def speed(value: float | None) -> str:
    """Frames a second of an encoder or decoder."""
    return with_unit(figures(value), "fps")


def frame_rate(value: str | Fraction | None) -> str:
    """The frame rate of a clip, an exact fraction: 30000/1001 is 29.97 fps, 25 is 25 fps."""
    try:
        exact = Fraction(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return DASH
    return with_unit(f"{float(exact):.3f}".rstrip("0").rstrip("."), "fps") if exact > 0 else DASH


def moment(iso: str | None) -> datetime | None:
    """A time of the record as an aware datetime, or None where there is none or it cannot be read."""
    try:
        at = datetime.fromisoformat(iso)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ago(iso: str | None, now: datetime | None = None) -> str:
    """How long ago, coarsely; older than four weeks is a date. A clock slightly ahead of ours is "just now"."""
    at = moment(iso)
    if at is None:
        return DASH
    passed = ((now or datetime.now(UTC)) - at).total_seconds()
    if passed < 45:
        return "just now"
    if passed < 3570:
        return f"{max(1, round(passed / 60))}{THIN}min ago"
    if passed < 23.5 * 3600:
        return f"{round(passed / 3600)}{THIN}h ago"
    days = max(1, round(passed / 86400))
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days <= 28 else f"{at.day} {at:%b %Y}"


def plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def listed(names: list[str], most: int = 3) -> str:
    """Names as prose: a, b and c; after `most` of them, how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {number(len(names) - most)} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def span(values: list[float], form) -> str:
    """One value, or the lowest and the highest with the unit once: 34.1–37.9 dB. `form` writes a single value."""
    low, high = form(min(values)), form(max(values))
    if low == high:
        return high
    text, _, unit = low.rpartition(THIN)
    same_unit = text and high.endswith(THIN + unit) and not unit[:1].isdigit()
    return f"{text if same_unit else low}–{high}"


def short(text: str, most: int = 160) -> str:
    """The first line that says something, cut at a word."""
    line = next((" ".join(part.split()) for part in text.splitlines() if part.strip()), "")
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > most // 2 else cut).rstrip(" ,;:.") + ELLIPSIS


def short_id(identifier: str) -> str:
    """An experiment's id, cut to its date and time where it is a long one."""
    return identifier if len(identifier) <= 14 else identifier[:13].rstrip("-") + ELLIPSIS


def escape_markdown(text: str) -> str:
    """Text of others (titles, messages) so that Streamlit's markdown shows it as it is: no links, HTML, icons, math.

    Shortcodes such as :smile: and bare addresses are found after escapes are resolved, so a zero-width space takes
    them apart.
    """
    apart = re.sub(r":(?=[a-zA-Z0-9+/_-])|\bwww(?=\.)", "\\g<0>\u200b", text)
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~&-])", r"\\\1", apart)


PICTURE_OR_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)|\Z)|(?P<ticks>`+)[^`].*?(?P=ticks)|!\[",
    re.MULTILINE | re.DOTALL,
)


def pictures_as_text(markdown: str) -> str:
    """A reply's markdown with its pictures as the text they were written as; code stays as it is.

    That a browser asks no other host for one is the Content-Security-Policy's affair; this shows what was meant.
    """
    return PICTURE_OR_CODE.sub(lambda found: "!\\[" if found[0] == "![" else found[0], markdown)
