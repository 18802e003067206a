"""Data files of installed packages, found without importing the packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from .errors import ClipError


def package_file(package: str, relative: str) -> Path:
    """The path of a data file in an installed package; ClipError where it is not there."""
    spec = importlib.util.find_spec(package)
    path = Path(spec.submodule_search_locations[0]) / relative if spec and spec.submodule_search_locations else None
    if path is None or not path.is_file():
        raise ClipError(f"The package {package} with {relative} is not installed; run ./lab once to install it.")
    return path
