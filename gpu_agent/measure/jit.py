"""How the metric kernels are compiled: one numba setting for all, and where compiled code is kept.

Kernels run without the GIL, so that plain threads measure frames in parallel. Compiled code is cached in the first
of these that can be written: `NUMBA_CACHE_DIR` where the environment names one, `__pycache__` beside the source, the
user's cache folder. Where none can, a kernel is compiled anew in each process (about five seconds, once); a read-only
checkout never stops the agent.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import njit
from numba.core.dispatcher import Dispatcher

FLAGS = {"nogil": True, "fastmath": True, "boundscheck": False, "error_model": "numpy"}
"""fastmath lets sums be reordered into vector lanes. No kernel here can meet an infinity or a NaN."""


def kernel(function: Callable) -> Dispatcher:
    """Compile `function` at its first call for each set of argument types, from the cache where there is one.

    numba's cache follows the source file a kernel stands in and not what it calls in other files: kernels that call
    each other therefore live in one module.
    """
    try:
        return njit(cache=True, **FLAGS)(function)
    except RuntimeError:  # numba: "no locator available": no folder for the cache can be written
        return njit(**FLAGS)(function)
