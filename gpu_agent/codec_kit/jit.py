"""How the kit compiles: one decorator, and a compiled cache that the agent may prepare ahead.

numba keeps compiled functions in NUMBA_CACHE_DIR. A fresh jail has an empty one, so where a folder `prepared` lies
beside the package (`warm` fills it, the jail shows it read-only) its files are copied there before anything compiles.
numba's cache does not see changes in functions that a function calls; `warm` therefore names a cache by all sources.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numba

PREPARED = Path(__file__).resolve().parent.parent / "codec_kit_compiled"


def restore(prepared: Path = PREPARED) -> bool:
    """Copy a prepared cache to NUMBA_CACHE_DIR, once a process; False where there is none or no room for it."""
    target = os.environ.get("NUMBA_CACHE_DIR")
    if not target or not prepared.is_dir():
        return False
    try:
        shutil.copytree(prepared, target, dirs_exist_ok=True)
    except OSError:
        return False  # then the functions compile: slower, not wrong
    return True


restore()


def kernel(function):
    """Compile with numba: no Python objects, C division, cached."""
    return numba.njit(cache=True, error_model="numpy", nogil=True)(function)
