"""The kit's compiled parts and the champion for tests: one set of functions, kept between runs of the same sources."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import pkgutil
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path

import numba

from gpu_agent import codec_kit
from gpu_agent.codec_kit import warm

_given = numba.config.CACHE_DIR
numba.config.CACHE_DIR = _given or str(Path(tempfile.gettempdir(), f"codec-lab-kit-{warm.key()}"))
TORCH = importlib.util.find_spec("torch") is not None
PARTS = {
    m.name: importlib.import_module(f"gpu_agent.codec_kit.{m.name}")
    for m in pkgutil.iter_modules(codec_kit.__path__)
    if TORCH or m.name != "learned"
}
numba.config.CACHE_DIR = _given


@contextlib.contextmanager
def as_in_a_jail() -> Iterator[None]:
    """`import codec_kit` finds the kit, with the functions that are compiled already."""
    names = {"codec_kit": codec_kit, **{f"codec_kit.{name}": module for name, module in PARTS.items()}}
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def hybrid() -> types.ModuleType:
    """The champion as a new module."""
    module = types.ModuleType("codec")
    with as_in_a_jail():
        exec(compile(warm.CODEC.read_text(), str(warm.CODEC), "exec"), module.__dict__)
    return module
