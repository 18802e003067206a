"""How much of the code is data: what the decoder carries need not be in the bitstream.

Judged on what runs (`bare`): its literals, where tables and pictures lie in honest code, and the whole of it, because
names, layout and the order of statements can carry as much.
"""

from __future__ import annotations

import ast
import zlib

from ..models import Badge, Experiment
from ..road.freeze import deflated, runs
from ..syntax import parse

NAME = "code_size"
NOTE_BYTES = 4 << 10
BAD_BYTES = 32 << 10
COMPARABLE_BYTES = 2 << 10
"""From here on constants are held against the bitstreams: less is what tables and messages of any codec take."""
BAD_WHOLE = 64 << 10
"""Twice the lab's champion with all of the kit that it runs."""
COMPARABLE_WHOLE = 16 << 10


def check(experiment: Experiment) -> Badge:
    """Constants as all literals of the syntax tree, deflated together; against the best point of the smallest clip."""
    code = runs(experiment.code)
    constants, whole = constant_bytes(code), deflated(code)
    best = [max(r.bytes for r in experiment.results if r.clip == clip) for clip in {r.clip for r in experiment.results}]
    bitstream = min(best, default=None)
    evidence = {"code_bytes": whole, "constant_bytes": constants, "smallest_best_bitstream_bytes": bitstream}
    sizes = f"The code is {whole:,} bytes compressed, the constants in it {constants:,}"
    if constants > BAD_BYTES or whole > BAD_WHOLE:
        most = BAD_BYTES if constants > BAD_BYTES else BAD_WHOLE
        text = f"{sizes}: more than {most:,}, room enough to carry pictures."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    if bitstream is not None and constants >= max(bitstream, COMPARABLE_BYTES):
        text = f"{sizes}: no less than a whole bitstream ({bitstream:,} bytes), so the picture may be in the code."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    if bitstream is not None and whole >= max(bitstream, COMPARABLE_WHOLE):
        text = f"{sizes}: as much as a whole bitstream ({bitstream:,} bytes)."
        return Badge(name=NAME, verdict="note", text=text, evidence=evidence)
    if constants > NOTE_BYTES:
        return Badge(name=NAME, verdict="note", text=f"{sizes}: large tables.", evidence=evidence)
    return Badge(name=NAME, verdict="good", text=f"{sizes}.", evidence=evidence)


def constant_bytes(code: str) -> int:
    """All literals deflated in one piece: strings, bytes, numbers."""
    parts = []
    for node in ast.walk(parse(code)):
        if isinstance(node, ast.Constant):
            value = node.value
            parts.append(
                value
                if isinstance(value, bytes)
                else value.encode("utf-8", "surrogatepass")
                if isinstance(value, str)
                else repr(value).encode() + b" "
            )
    return len(zlib.compress(b"".join(parts), 9)) if parts else 0
