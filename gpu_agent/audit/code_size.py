"""How much of the code is data: what the decoder carries in its literals need not be in the bitstream."""

from __future__ import annotations

import ast
import zlib

from ..models import Badge, Experiment
from ..road.freeze import decoder_bytes
from ..syntax import parse

NAME = "code_size"
NOTE_BYTES = 4 << 10
BAD_BYTES = 32 << 10
COMPARABLE_BYTES = 2 << 10
"""From here on constants are held against the bitstreams: less is what tables and messages of any codec take."""


def check(experiment: Experiment) -> Badge:
    """Constants as all literals of the syntax tree, deflated together; against the best point of the smallest clip."""
    constants = constant_bytes(experiment.code)
    whole = decoder_bytes(experiment.code)
    best = [max(r.bytes for r in experiment.results if r.clip == clip) for clip in {r.clip for r in experiment.results}]
    bitstream = min(best, default=None)
    evidence = {"code_bytes": whole, "constant_bytes": constants, "smallest_best_bitstream_bytes": bitstream}
    sizes = f"The code is {whole:,} bytes compressed, the constants in it {constants:,}"
    if constants > BAD_BYTES:
        text = f"{sizes}: more than {BAD_BYTES:,}, room enough to carry pictures."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    if bitstream is not None and constants >= max(bitstream, COMPARABLE_BYTES):
        text = f"{sizes}: no less than a whole bitstream ({bitstream:,} bytes), so the picture may be in the code."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    if constants > NOTE_BYTES:
        return Badge(name=NAME, verdict="note", text=f"{sizes}: large tables.", evidence=evidence)
    return Badge(name=NAME, verdict="good", text=f"{sizes}.", evidence=evidence)


def constant_bytes(code: str) -> int:
    """All literals deflated in one piece: strings, bytes, numbers. Docstrings count only where code reads `__doc__`."""
    tree = parse(code)
    ignored = set() if "__doc__" in code or "getdoc" in code else docstrings(tree)
    parts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in ignored:
            value = node.value
            parts.append(
                value
                if isinstance(value, bytes)
                else value.encode("utf-8", "surrogatepass")
                if isinstance(value, str)
                else repr(value).encode() + b" "
            )
    return len(zlib.compress(b"".join(parts), 9)) if parts else 0


def docstrings(tree: ast.Module) -> set[int]:
    """Bare strings that only people read, wherever they stand."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
