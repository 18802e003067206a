"""A codec's text as it runs: without comments and docstrings, every line where it was.

What is written for people is not weighed, so it must not be there when the codec runs: it could be read back with
`open(__file__)` or `__doc__`. What is left is what the jail gets, and what the decoder's size counts.
"""

from __future__ import annotations

import ast
import io
import tokenize
from functools import lru_cache

from .syntax import parse

UTF8 = "\ufeff"
"""With this mark Python reads a file as UTF-8 or not at all: no comment can name another encoding, in which a text that is
no Python here would be some there."""


class NotBare(ValueError):
    """The text is Python, and cannot be told from its comments."""


@lru_cache(maxsize=64)
def bare(code: str) -> str:
    """The module without comments and without strings that stand alone; what is no Python, and so cannot run, whole.

    Raises NotBare where the result would be another program: nobody then knows what was weighed.
    """
    text = code.removeprefix(UTF8).replace("\r\n", "\n").replace("\r", "\n")
    try:
        wanted = program(parse(text))
    except (SyntaxError, ValueError):
        return UTF8 + text
    except (RecursionError, MemoryError) as e:
        raise NotBare(f"the module cannot be parsed: {type(e).__name__}") from e
    try:
        text = without_docstrings(without_comments(text))
        same = program(parse(text)) == wanted
    except (tokenize.TokenError, SyntaxError, ValueError, IndexError) as e:
        raise NotBare(f"comments and docstrings cannot be taken out of the module: {e}") from e
    if not same:
        raise NotBare("comments and docstrings cannot be taken out of the module without changing what it does")
    return text


def without_comments(text: str) -> str:
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def without_docstrings(text: str) -> str:
    """An empty string stays in the place of each: a body may have nothing else. The brackets keep the number of lines."""
    lines = text.split("\n")
    for node in sorted(standing_alone(parse(text)), key=lambda n: (n.lineno, n.col_offset), reverse=True):
        first, last = node.lineno - 1, node.end_lineno - 1
        before = lines[first].encode()[: node.col_offset].decode()
        after = lines[last].encode()[node.end_col_offset :].decode()
        if first == last:
            lines[first] = f'{before}""{after}'
        else:
            lines[first : last + 1] = [f'{before}(""', *[""] * (last - first - 1), f"){after}"]
    return "\n".join(lines)


def standing_alone(tree: ast.Module) -> list[ast.Constant]:
    """Strings that are a statement of their own: docstrings, and whatever else only people read."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


def program(tree: ast.Module) -> str:
    """What the tree does, and on which line each statement begins, whatever its docstrings are."""
    for constant in standing_alone(tree):
        constant.value, constant.kind = "", None
    begins = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return f"{ast.dump(tree)}{begins}"
