"""Takes the codec out of a reply, or says in one sentence what is missing and how to ask for it.

A codec is the last fenced block opened with `python codec`. It is accepted only from a whole reply, with its fence
closed and no errors against the contract. Fences follow CommonMark (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)
with one leniency: a closing fence inside a docstring does not end the block if the module is good only further on.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gpu_agent.check import Checked, check_code
from gpu_agent.models import Hypothesis
from gpu_agent.syntax import parse

from . import prompt
from .expected import read_expected
from .state import TurnState, TurnStatus

FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})[ \t]*(.*?)[ \t]*")
CODEC_INFO = re.compile(r"^python[ \t]+codec\b[ \t]*(.*)", re.I)
TITLE = re.compile(r"""^(?:name|title)\s*=\s*(["']?)(.*)\1""", re.I)
MAX_CLOSERS = 32
"""Closing fences tried for one block, so that a reply full of fences costs no more than so many parses."""


@dataclass(frozen=True)
class Codec:
    """An accepted module. `title` is what Claude called it, or the first line of its docstring.

    `expected` is what Claude said it expects of it, where it did.
    """

    code: str
    title: str | None
    checked: Checked
    expected: Hypothesis | None = None


@dataclass(frozen=True)
class Problem:
    """Why a reply gives no codec: one sentence for the person, the prompt that asks for repair, and the code so far."""

    kind: Literal["unfinished", "no_codec", "open_fence", "invalid"]
    sentence: str
    repair: str
    code: str | None = None


class Block(NamedTuple):
    info: str
    code: str
    closed: bool
    checked: Checked


def read_codec(reply: TurnState | str, whole: bool | None = None) -> Codec | Problem:
    """The codec of a reply. A plain text counts as whole unless `whole` says otherwise. Never raises on any text."""
    if isinstance(reply, TurnState):
        whole = reply.status is TurnStatus.DONE if whole is None else whole
        text = reply.text
    else:
        text, whole = reply, whole is not False
    block = last_codec(text)
    code = block.code if block else None
    if not whole:
        sentence = "The reply ended before it was whole, so its code is not used."
        return Problem("unfinished", sentence, prompt.repair("Your last reply was cut off before its end."), code)
    if block is None:
        sentence = "This reply has no codec: there is no block opened with ````python codec."
        return Problem("no_codec", sentence, prompt.repair("Your last reply had no `python codec` block."))
    if not block.closed:
        sentence = "The code block is not closed, so the codec may be incomplete."
        return Problem("open_fence", sentence, prompt.repair("The code block of your last reply was not closed."), code)
    if not block.checked.ok:
        first, more = block.checked.errors[0], len(block.checked.errors) - 1
        others = f" and {more} more" if more else ""
        sentence = f"The codec does not fulfil the contract: line {first.line}, {first.message}{others}."
        repair = prompt.repair(f"The codec in your last reply has errors:\n\n{block.checked.message}")
        return Problem("invalid", sentence, repair, code)
    return Codec(block.code, title_of(block), block.checked, read_expected(text))


def last_codec(text: str) -> Block | None:
    """The last codec block, whole or not; ordinary code blocks are stepped over."""
    lines = text.replace("\r\n", "\n").split("\n")
    found, at = None, 0
    while at < len(lines):
        fence = FENCE.fullmatch(lines[at])
        if not fence or (fence[2][0] == "`" and "`" in fence[3]):
            at += 1
        elif info := CODEC_INFO.fullmatch(fence[3]):
            found, at = read_block(lines, at, fence, info[1])
        else:
            at = skip_block(lines, at, fence)
    return found


def closes(line: str, fence: re.Match[str]) -> bool:
    other = FENCE.fullmatch(line)
    return bool(other and not other[3] and other[2][0] == fence[2][0] and len(other[2]) >= len(fence[2]))


def skip_block(lines: list[str], start: int, fence: re.Match[str]) -> int:
    """The line after an ordinary block. A codec block with as long a fence ends it: then its own fence was stray."""
    for i in range(start + 1, len(lines)):
        if closes(lines[i], fence):
            return i + 1
        other = FENCE.fullmatch(lines[i])
        if other and len(other[2]) >= len(fence[2]) and CODEC_INFO.fullmatch(other[3]):
            return i
    return start + 1


def read_block(lines: list[str], start: int, fence: re.Match[str], info: str) -> tuple[Block, int]:
    """The block opened at `start`, and where to read on: at the first closing fence after which the module is good,
    otherwise where its code could be read furthest."""
    closers = [i for i in range(start + 1, len(lines)) if closes(lines[i], fence)][:MAX_CLOSERS]
    if not closers:
        code = body(lines[start + 1 :], fence).removesuffix("\n")  # what comes after the last newline is no line
        return Block(info, code, False, check_code(code)), start + 1
    best, furthest = None, -1
    for i in closers:
        code = body(lines[start + 1 : i], fence)
        block = Block(info, code, True, check_code(code))
        if block.checked.ok:
            return block, i + 1
        reach = len(lines) if parses(code) else block.checked.errors[0].line
        if reach > furthest:
            best, furthest = block, reach
    assert best is not None
    return best, closers[0] + 1


def body(lines: list[str], fence: re.Match[str]) -> str:
    indent = len(fence[1])
    if indent:
        lines = [line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines]
    return "".join(line + "\n" for line in lines)


def parses(code: str) -> bool:
    try:
        parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def title_of(block: Block) -> str | None:
    named = TITLE.fullmatch(block.info)
    title = (named[2] if named else block.info).strip()
    if not title:
        first = (ast.get_docstring(parse(block.code)) or "").strip().partition("\n")[0]
        title = first.rstrip(".")
    return title[:120] or None
