"""The kit's compiled functions, made once where a codec needs them: compiling in every jail would take minutes."""

from __future__ import annotations

import ast
import logging
import subprocess

from ..codec_kit import warm
from .tools import Tools

log = logging.getLogger(__name__)


def uses_compiled_kit(code: str) -> bool:
    """Whether the module imports a part of the kit that numba compiles (such a part imports `jit`)."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = [name.split(".")[1] for name in names if name.startswith("codec_kit.")]
    files = [warm.KIT / f"{part}.py" for part in parts]
    return any(file.is_file() and "from .jit import" in file.read_text("utf-8") for file in files)


def show_compiled_kit(tools: Tools) -> None:
    """Compile it where that has not been done (a minute or two), and let the jail show it. A failure costs time only."""
    try:
        tools.jail.show_compiled_kit(warm.prepare(tools.kit_home))
    except (OSError, subprocess.SubprocessError) as e:
        log.warning("the kit could not be compiled ahead: %s", e)
