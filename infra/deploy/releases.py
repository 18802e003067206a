"""A release: the files of one box, or of one function, in an archive that is named by its content."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import ClientError

from .aws import MISSING, Aws, code
from .wheels import PYTHONS, requirements

FOLDERS = {
    "worker": ("gpu_agent", "infra/boxes"),
    "orchestrator": ("app", "gpu_agent", "streamlit_config", "infra/boxes"),
}
PORTS = {"worker": 8787, "orchestrator": 8501}
FUNCTIONS = {"dashboard_ssr": "dashboard", "admin_api": "admin"}
"""The module that has the function's handler, and the package of its parts."""
SHARED = ("aws.py",)
UNIX = 3
"""Whose file modes an entry of a zip has; on Windows another would be written."""
NEVER = {"__pycache__", "node_modules", "secrets.toml"}


class Release(NamedTuple):
    """`name` is the SHA-256 of the archive; `build` what /health must answer once it runs."""

    name: str
    build: str
    archive: bytes


def build_of(root: Path, role: str) -> str:
    """What the program in this checkout answers as its build."""
    from app.routes.health import build_hash
    from gpu_agent.road import environment

    if role == "orchestrator":
        return build_hash(root)
    digest = hashlib.sha256()
    folder = root / "gpu_agent"
    if folder == Path(environment.__file__).parents[1]:
        return environment.build_hash()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not NEVER & set(path.relative_to(root).parts) and path.suffix != ".pyc":
                yield path


def pack(root: Path, role: str, wheels: str) -> Release:
    """The same checkout gives the same bytes: names sorted, times and owners left out."""
    build = build_of(root, role)
    extra = {
        "BUILD": build,
        "PORT": str(PORTS[role]),
        "PYTHON": f"python{PYTHONS[role]}",
        "WHEELS": wheels,
        "requirements.txt": requirements(root, role),
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path in files(root, FOLDERS[role]):
            executable = path.stat().st_mode & 0o100
            add(tar, path.relative_to(root).as_posix(), path.read_bytes(), 0o755 if executable else 0o644)
        for name, text in extra.items():
            add(tar, name, text.encode(), 0o644)
    archive = gzip.compress(raw.getvalue(), mtime=0)
    return Release(hashlib.sha256(archive).hexdigest(), build, archive)


def add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def upload(aws: Aws, role: str, release: Release) -> None:
    put_once(aws, f"{role}/{release.name}.tar.gz", release.archive, {"build": release.build})


def put_once(aws: Aws, key: str, data: bytes, facts: dict[str, str] | None = None) -> None:
    """An object named by its content is put where it is not there yet."""
    bucket = aws.bucket("releases")
    try:
        aws.read("s3", "head_object", Bucket=bucket, Key=key)
    except ClientError as error:
        if code(error) not in MISSING:
            raise
        aws.write("s3", "put_object", Bucket=bucket, Key=key, Body=data, Metadata=facts or {})


def bundle(root: Path, name: str) -> bytes:
    """The function's files as they lie in its root: the handler's module, its package, and what functions share.

    The same files give the same bytes: names in order, one time, and stored, because what deflating gives is the
    machine's affair.
    """
    folder = root / "infra" / "lambda"
    shared = [folder / file for file in SHARED]
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted([folder / f"{name}.py", *shared, *(folder / FUNCTIONS[name]).rglob("*.py")]):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (2020, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = UNIX, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return raw.getvalue()


def function(aws: Aws, root: Path, name: str) -> str:
    """Key of the function's code in the releases bucket, put there where it is not."""
    data = bundle(root, name)
    key = f"lambda/{name}-{hashlib.sha256(data).hexdigest()[:32]}.zip"
    put_once(aws, key, data)
    return key
