"""In which cell of the archive a candidate lies: the band of its bit rates, and the family of its transform."""

from __future__ import annotations

import ast
import statistics

from gpu_agent.models import ResultRow
from gpu_agent.syntax import parse

BANDS = ((0.1, "low rate"), (0.5, "middle rate"))
"""Bits per luma sample, the median over points, below which a band ends; above the last it is the high one."""

FAMILIES = (
    ("learned", ("torch", "conv2d", "neural", "mlp")),
    ("wavelet", ("wavelet", "dwt", "idwt", "lifting", "lifts", "subbands", "cdf97", "haar")),
    ("lapped", ("lapped", "mdct", "lot")),
    ("DCT", ("dct", "idct", "dst")),
    ("Hadamard", ("hadamard", "wht", "walsh")),
    ("Fourier", ("fft", "rfft2", "fourier")),
    ("vector quantiser", ("codebook", "kmeans", "vq")),
)
"""The first family wins of which the code uses a name, or a part of one between underscores."""


def cell(code: str, rows: list[ResultRow]) -> str:
    return f"{band(rows)} · {family(code)}"


def band(rows: list[ResultRow]) -> str:
    if not rows:
        return "no rate"
    middle = statistics.median(row.bpp for row in rows)
    return next((name for end, name in BANDS if middle < end), "high rate")


def family(code: str) -> str:
    """From the names in the syntax tree; comments and texts do not count."""
    try:
        tree = parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "unknown"
    words: set[str] = set()
    for node in ast.walk(tree):
        for name in names_of(node):
            low = name.casefold()
            words |= {low, *low.split("_"), *low.split(".")} | {part.rstrip("0123456789x") for part in low.split("_")}
    return next((kind for kind, signs in FAMILIES if words & set(signs)), "samples")


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(a.name for a in node.names)]
    return []
