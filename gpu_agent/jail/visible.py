"""Which files of the machine a codec may read: what Python and the contract's libraries are made of, and no more.

Less to see is less to learn, less to attack, and less whose place in memory could carry a message: the page cache of
everything listed here is made the same before each decode (see `pagecache`), so the list must stay short.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "numba", "opencv-python-headless", "opencv-python", "constriction", "torch")
"""Distributions behind `contract.LIBRARIES`; what they need comes with them."""

SYSTEM = ("/usr/lib/locale", "/usr/lib64", "/usr/lib32")


def system_folders() -> list[str]:
    """Shared libraries: the multiarch folders of Debian and its kin, else the whole of /usr/lib."""
    multiarch = sorted(str(p) for p in Path("/usr/lib").glob("*-linux-gnu*") if p.is_dir())
    found = [*(multiarch or ["/usr/lib"]), *SYSTEM]
    return [folder for folder in found if Path(folder).is_dir() and not Path(folder).is_symlink()]


def python_files(
    executable: str, prefix: str, base: str, libraries: tuple[str, ...] = LIBRARIES
) -> Iterator[tuple[str, str]]:
    """(real path, path in the jail) of the interpreter, its standard library and the packages that may be imported."""
    real = Path(executable).resolve()
    yield str(real), executable
    version = re.search(r"python(\d+\.\d+)", real.name)
    name = f"python{version[1]}" if version else f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for library in sorted((Path(base) / "lib").glob("libpython3*.so*")):
        yield str(library.resolve()), str(library)
    stdlib = Path(base) / "lib" / name
    yield str(stdlib.resolve()), str(stdlib)
    if Path(prefix) == Path(base):
        return  # no virtual environment: the packages lie in the standard library's folder
    yield str(Path(prefix) / "pyvenv.cfg"), str(Path(prefix) / "pyvenv.cfg")
    packages = Path(prefix) / "lib" / name / "site-packages"
    for entry in sorted(package_entries(packages, libraries)):
        yield str((packages / entry).resolve()), str(packages / entry)


def package_entries(site_packages: Path, libraries: tuple[str, ...] = LIBRARIES) -> set[str]:
    """Top-level names in `site_packages` that belong to `libraries` and to everything they need."""
    known = {canonical(d.metadata["Name"]): d for d in metadata.distributions(path=[str(site_packages)])}
    todo, seen, entries = [canonical(name) for name in libraries], set(), set()
    while todo:
        name = todo.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        distribution = known[name]
        for file in distribution.files or []:
            top = file.parts[0]
            if top not in ("..", "__pycache__") and (site_packages / top).exists():
                entries.add(top)
        todo += [required(line) for line in distribution.requires or [] if "extra ==" not in line]
    return entries


def required(line: str) -> str:
    """The distribution that a requirement names."""
    return canonical(re.split(r"[\s;<>=!~\[(]", line.strip(), maxsplit=1)[0])


def canonical(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
