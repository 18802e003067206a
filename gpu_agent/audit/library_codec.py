"""Ready-made image and video codecs: named where the code uses them, because the bits are then not the codec's own."""

from __future__ import annotations

import ast

from ..models import Badge
from ..syntax import parse

NAME = "library_codec"
MODULES = (
    "av",
    "PIL",
    "imageio",
    "imageio_ffmpeg",
    "ffmpeg",
    "skvideo",
    "skimage.io",
    "torchvision.io",
    "matplotlib.image",
)
"""Modules that are codecs, or carry one. zlib, lzma, bz2 and constriction code symbols, not pictures."""

CALLS = frozenset(
    [
        "imencode",
        "imencodemulti",
        "imencodeanimation",
        "imdecode",
        "imdecodemulti",
        "imdecodeanimation",
        "imread",
        "imreadmulti",
        "imwrite",
        "imwritemulti",
        "imwriteanimation",
        "VideoWriter",
        "VideoCapture",
        "encode_jpeg",
        "encode_png",
        "decode_jpeg",
        "decode_png",
        "decode_image",
        "decode_webp",
        "decode_gif",
        "write_video",
        "read_video",
    ]
)
"""Functions and classes of cv2 and torchvision that code or decode pictures."""

HIDING = ("ctypes", "subprocess")
"""Ways to a library's codec that a syntax tree does not show; named, not judged."""


def check(code: str, seen_running: list[str] | None) -> Badge:
    """`seen_running`: what the hint inside the jail saw; None where it could not be had (see `running`)."""
    found = in_syntax(code)
    evidence = {"in_code": found, "seen_running": seen_running}
    said = list(dict.fromkeys([*found, *(f"{name} (seen while running)" for name in seen_running or [])]))
    if said:
        text = f"Uses library codec: {', '.join(said[:6])}."
        return Badge(name=NAME, verdict="note", text=text, evidence=evidence)
    looked = "in the code or while it ran" if seen_running is not None else "in the code; not watched while running"
    return Badge(name=NAME, verdict="good", text=f"No ready-made picture codec {looked}.", evidence=evidence)


def in_syntax(code: str) -> list[str]:
    """Names with their lines, such as `cv2.imencode (line 12)`, in the order of the code."""
    tree = parse(code)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            found += [(line, a.name) for a in node.names if is_codec(a.name) or a.name in HIDING]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{a.name}" for a in node.names]
            if is_codec(node.module) or node.module in HIDING:
                found.append((line, node.module))
            else:
                found += [(line, n) for n in names if is_codec(n) or n.rpartition(".")[2] in CALLS]
        elif isinstance(node, ast.Attribute) and node.attr in CALLS:
            found.append((line, ast.unparse(node)))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (node.value in CALLS or node.value in MODULES)
        ):
            found.append((line, repr(node.value)))
    return list(dict.fromkeys(f"{name[:60]} (line {line})" for line, name in sorted(found)))


def is_codec(module: str) -> bool:
    return any(module == m or module.startswith(m + ".") for m in MODULES)
