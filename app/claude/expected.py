"""What a reply says it expects of its codec: the line that begins with `Expected:`, and the figure in it.

Lenient: a reply without such a line expects nothing, a line without a figure that is plainly about bits is kept as
words. A figure is never guessed: without a sign, or a word such as fewer or more, there is none.
"""

from __future__ import annotations

import re

from pydantic import ValidationError

from gpu_agent.models import Hypothesis

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
LINE = re.compile(r"^[\s>*_#-]*(?:expected|expectation|expect|hypothesis)[\s*_]*:[\s*_]*(\S.*?)[\s*_]*$", re.I)
NUMBER = r"(?P<sign>[+\-\u2212\u2013])?\s*(?P<low>\d+(?:\.\d+)?)"
RANGE = r"(?:\s*%?\s*(?:-|\u2013|to|and)\s*[+\-\u2212]?\s*(?P<high>\d+(?:\.\d+)?))?"
PERCENT = r"\s*(?:%|per ?cent)"
WORD = r"(?P<word>fewer|less|lower|smaller|more|higher|larger)"
BITS = r"(?:bits?\b|bit ?rate\b|rate\b|bd-?rate\b|size\b)"
ABOUT_BITS = re.compile(
    rf"{NUMBER}{RANGE}{PERCENT}\s*(?:{WORD}\s*)?(?:(?:of|in|on)\s+)?(?:(?:the|its)\s+)?{BITS}|"
    rf"bd-?rate\s*(?:of|by|:|=|about|around|~)?\s*{NUMBER.replace('sign', 'sign2').replace('low', 'low2')}"
    rf"{RANGE.replace('high', 'high2')}{PERCENT}",
    re.I,
)
SAVES = re.compile(r"(?:save|saves|saving|cut|cuts|reduce|reduces|drop|drops)(?:\s+\w+){0,2}\s*~?\s*$", re.I)
FEWER = {"fewer", "less", "lower", "smaller"}
MOST = 2000


def read_expected(text: str) -> Hypothesis | None:
    """The last such line outside of code blocks; None where there is none. Never raises on any text."""
    lines = [m[1] for line in prose(text) if (m := LINE.match(line))]
    if not lines:
        return None
    words = lines[-1][:MOST]
    try:
        return Hypothesis(text=words, bd_rate=figure(words), by="claude")
    except ValidationError:  # a figure that nobody can mean, such as -300 %
        return Hypothesis(text=words, by="claude")


def prose(text: str) -> list[str]:
    """Lines outside of fenced blocks."""
    kept, fence = [], ""
    for line in text.splitlines():
        found = FENCE.match(line)
        if not fence and found:
            fence = found[1]
        elif fence and found and line.strip() == found[1] and found[1].startswith(fence):
            fence = ""
        elif not fence:
            kept.append(line)
    return kept


def figure(words: str) -> float | None:
    """Percent more bits (negative: fewer) as the line says; of a range the end that costs more bits."""
    found = ABOUT_BITS.search(words)
    if found is None:
        return None
    part = lambda name: found[name] or found.groupdict().get(f"{name}2")
    sign, low, high = part("sign"), float(part("low")), part("high")
    ends = (low, float(high)) if high else (low,)
    word = (found["word"] or "").lower()
    if word:
        return -min(ends) if word in FEWER else max(ends)
    if sign:
        return max(ends) if sign == "+" else -min(ends)
    if SAVES.search(words[: found.start()]):
        return -min(ends)
    return 0.0 if not any(ends) else None
