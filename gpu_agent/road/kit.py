"""The kit's compiled functions, made once where a codec needs them: compiling in every jail would take minutes."""

from __future__ import annotations

import ast
import logging
import subprocess

from ..codec_kit import warm
from ..syntax import parse
from .tools import Tools

log = logging.getLogger(__name__)


def imported_parts(code: str, inside: bool = False) -> set[str]:
    """Files of the kit, without `.py`, that this text imports itself; `inside`: the text is one of them."""
    names: set[str] = set()
    for node in ast.walk(parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (inside if node.level else node.module):
            module = node.module or ""
            module = f"codec_kit.{module}".rstrip(".") if node.level else module
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    names = {name for name in names if name.split(".")[0] == "codec_kit"}
    parts = {"__init__", *(name.split(".")[1] for name in names if "." in name)} if names else set()
    return {part for part in parts if (warm.KIT / f"{part}.py").is_file()}


def kit_parts(code: str) -> set[str]:
    """All files of the kit that a codec runs: those it imports, and those that they import."""
    parts, new = set(), imported_parts(code)
    while new:
        parts |= new
        new = set().union(*(imported_parts(source(part), inside=True) for part in new)) - parts
    return parts


def source(part: str) -> str:
    return (warm.KIT / f"{part}.py").read_text("utf-8")


def uses_compiled_kit(code: str) -> bool:
    """Whether the module imports a part of the kit that numba compiles (such a part imports `jit`)."""
    return "jit" in kit_parts(code)


def show_compiled_kit(tools: Tools) -> None:
    """Compile it where that has not been done (a minute or two), and let the jail show it. A failure costs time only."""
    try:
        tools.jail.show_compiled_kit(warm.prepare(tools.kit_home))
    except (OSError, subprocess.SubprocessError) as e:
        log.warning("the kit could not be compiled ahead: %s", e)
