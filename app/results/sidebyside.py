"""A diff in two columns as HTML: unchanged parts folded, changed words marked. Code is hostile text and is escaped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

CONTEXT = 3
MAX_LINES = 6000
"""Longer codes are cut before they are compared: the work grows with the square."""
MAX_WORDS = 400
ALIKE = 0.5
"""Share of equal words from which on it helps to mark those that differ."""
WORD = re.compile(r"\w+|\s+|[^\w\s]")

STYLE = """<style>
.sbs { width: 100%; border-collapse: collapse; table-layout: fixed; font: 12.5px/1.5 "Source Code Pro", ui-monospace, monospace; }
.sbs td { padding: 0 6px; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; border: 0; }
.sbs td.n { width: 46px; text-align: right; opacity: 0.55; user-select: none; overflow-wrap: normal; }
.sbs td.del { background: rgba(214, 96, 20, 0.13); } .sbs td.add { background: rgba(0, 128, 220, 0.13); }
.sbs td.none { background: rgba(128, 132, 148, 0.08); }
.sbs del { background: rgba(214, 96, 20, 0.34); text-decoration: none; border-radius: 2px; }
.sbs ins { background: rgba(0, 128, 220, 0.34); text-decoration: none; border-radius: 2px; }
.sbs td.fold { text-align: center; opacity: 0.65; padding: 3px; background: rgba(128, 132, 148, 0.10); font-style: italic; }
.sbs th { text-align: left; font-weight: 600; padding: 4px 6px; overflow-wrap: anywhere; border: 0; font-family: inherit; }
</style>"""


class Line(NamedTuple):
    """A row: numbers (from 1) and text of either side, None where that side has nothing; `fold`: lines left out."""

    left: int | None = None
    before: str | None = None
    right: int | None = None
    after: str | None = None
    fold: int = 0

    @property
    def changed(self) -> bool:
        return not self.fold and self.before != self.after


class Diff(NamedTuple):
    lines: list[Line]
    added: int
    removed: int
    cut: bool

    @property
    def same(self) -> bool:
        return not self.added and not self.removed and not self.cut


def diff(before: str, after: str, context: int = CONTEXT) -> Diff:
    a, b = before.splitlines(), after.splitlines()
    cut = max(len(a), len(b)) > MAX_LINES
    lines = list(compared(a[:MAX_LINES], b[:MAX_LINES]))
    added = sum(line.changed and line.after is not None for line in lines)
    removed = sum(line.changed and line.before is not None for line in lines)
    return Diff(folded(lines, context), added, removed, cut)


def compared(a: list[str], b: list[str]) -> Iterator[Line]:
    for _, i, i2, j, j2 in difflib.SequenceMatcher(None, a, b).get_opcodes():
        for step in range(max(i2 - i, j2 - j)):
            left, right = i + step < i2, j + step < j2
            yield Line(
                i + step + 1 if left else None,
                a[i + step] if left else None,
                j + step + 1 if right else None,
                b[j + step] if right else None,
            )


def folded(lines: list[Line], context: int) -> list[Line]:
    """Runs of unchanged lines farther than `context` from a change become one row that counts them."""
    near = set()
    for at, line in enumerate(lines):
        if line.changed:
            near.update(range(at - context, at + context + 1))
    rows: list[Line] = []
    for at, line in enumerate(lines):
        if at in near:
            rows.append(line)
        elif rows and rows[-1].fold:
            rows[-1] = Line(fold=rows[-1].fold + 1)
        else:
            rows.append(Line(fold=1))
    return rows


def html(found: Diff, before: str, after: str) -> str:
    """The table with its style. `before` and `after` name the two sides."""
    head = f'<tr><td class="n"></td><th>{escape(before)}</th><td class="n"></td><th>{escape(after)}</th></tr>'
    body = "".join(row(line) for line in found.lines)
    return f'{STYLE}<table class="sbs"><thead>{head}</thead><tbody>{body}</tbody></table>'


def row(line: Line) -> str:
    if line.fold:
        lines = "1 unchanged line" if line.fold == 1 else f"{line.fold} unchanged lines"
        return f'<tr><td class="fold" colspan="4">{lines}</td></tr>'
    if not line.changed:
        left = right = escape(line.before or "")
        kinds = ("", "")
    else:
        left, right = words(line.before, line.after)
        kinds = ("none" if line.before is None else "del", "none" if line.after is None else "add")
    cells = ((line.left, left, kinds[0]), (line.right, right, kinds[1]))
    return f"<tr>{''.join(cell(*c) for c in cells)}</tr>"


def cell(number: int | None, text: str, kind: str) -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<td class="n">{number or ""}</td><td{mark}>{text}</td>'


def alike(a: list[str], b: list[str]) -> float:
    """How much two lines have in common, spaces not counted."""
    a, b = ([word for word in line if not word.isspace()] for line in (a, b))
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def words(before: str | None, after: str | None) -> tuple[str, str]:
    """Both lines escaped, what differs in them marked; lines that have little in common are left unmarked."""
    if before is None or after is None:
        return escape(before or ""), escape(after or "")
    a, b = WORD.findall(before), WORD.findall(after)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if max(len(a), len(b)) > MAX_WORDS or alike(a, b) < ALIKE:
        return escape(before), escape(after)
    left, right = [], []
    for kind, i, i2, j, j2 in matcher.get_opcodes():
        was, now = escape("".join(a[i:i2])), escape("".join(b[j:j2]))
        left.append(was if kind == "equal" or not was else f"<del>{was}</del>")
        right.append(now if kind == "equal" or not now else f"<ins>{now}</ins>")
    return "".join(left), "".join(right)
