"""How the kit compiles: one decorator, and a compiled cache that the agent prepares ahead.

numba keeps compiled functions in NUMBA_CACHE_DIR, and does not notice when a function that they call has changed in
another file: so nothing is kept unless that folder is set, and `warm` names a folder by all sources. A fresh jail has
an empty folder; where `codec_kit_compiled` lies beside the package, what is in it is linked there first.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numba

PREPARED = Path(__file__).resolve().parent.parent / "codec_kit_compiled"


def restore(prepared: Path = PREPARED) -> bool:
    """Link a prepared cache into NUMBA_CACHE_DIR; False where there is none or it cannot be done."""
    target = numba.config.CACHE_DIR
    if not target or not prepared.is_dir():
        return False
    try:
        shutil.copytree(prepared, target, copy_function=os.symlink, dirs_exist_ok=True)
    except (OSError, shutil.Error):
        return False  # then the functions compile: slower, not wrong
    return True


restore()


def kernel(function, **options):
    """Compile with numba: no Python objects, division as in C, kept where numba has a folder to keep it in."""
    return numba.njit(cache=bool(numba.config.CACHE_DIR), error_model="numpy", nogil=True, **options)(function)


def lean(function):
    """`kernel` for a function that makes no array or list: it does not count who holds the arrays it is handed, which
    takes as long as the work where functions are small. It must not call itself: numba's cache does not survive that.
    """
    return kernel(function, _nrt=False)
