"""The wheelhouse: every wheel that a box needs, for its Python, since the worker has no internet. Named by content."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import urllib.request
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem, say

from . import closure
from .aws import MISSING, Aws, code

PYTHONS = {"worker": "3.12", "orchestrator": "3.11"}
"""Ubuntu 24.04's own Python; the newest of Amazon Linux 2023's that every pinned wheel exists for."""
APP_ONLY = {"streamlit", "plotly", "anthropic", "starlette", "Authlib", "httpx2"}
ARCHIVE = "http://archive.ubuntu.com/ubuntu/pool/main/b/bubblewrap/"
BUBBLEWRAP = (
    # Ubuntu 24.04's archive, the update first; its older updates vanish when newer ones come, the first release stays.
    ("bubblewrap_0.9.0-1ubuntu0.3_amd64.deb", "2461f1beee9cb04c8942739fe1a2b37e7b7c2a3d518f0779dc75f9245baa3094"),
    ("bubblewrap_0.9.0-1build1_amd64.deb", "dde30d1f24da50446d647ed504ec8dc5a714f171974d054c70a589b48ba38b48"),
)


def requirements(root: Path, role: str) -> str:
    """The pins of a box. The worker has nothing of the lab's pages, and what a GPU adds."""
    lines = (root / "requirements.txt").read_text().splitlines()
    if role == "worker":
        lines = [line for line in lines if re.split("[=<>~!]", line)[0].strip() not in APP_ONLY]
        lines += (root / "gpu_agent" / "requirements-gpu.txt").read_text().splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#")) + "\n"


def ensure(aws: Aws, root: Path, role: str) -> str:
    """The hash of the box's wheelhouse in the releases bucket, built and uploaded where these pins have none yet."""
    text, bucket = requirements(root, role), aws.bucket("releases")
    decides = f"{closure.markers(PYTHONS[role])}\n{text}{BUBBLEWRAP}"
    pins = hashlib.sha256(decides.encode()).hexdigest()[:32]
    index = f"wheels/{role}/by-requirements/{pins}"
    try:
        return aws.read("s3", "get_object", Bucket=bucket, Key=index)["Body"].read().decode()
    except ClientError as error:
        if code(error) not in MISSING:
            raise
    if aws.dry_run:
        say(
            f"  would build the {role}'s wheels for Python {PYTHONS[role]}, and upload them to s3://{bucket}/wheels/{role}/"
        )
        return "(known after the wheels are built)"
    say(f"Collecting the {role}'s wheels for Python {PYTHONS[role]} (once for these pins; some minutes) …")
    with TemporaryDirectory(prefix="codec-lab-wheels-") as folder:
        house = Path(folder) / "wheels"
        house.mkdir()
        download(text, PYTHONS[role], house)
        if role == "worker":
            bubblewrap(house)
        name, archive = pack(house, Path(folder) / "wheels.tar")
        aws.wrote += 1
        aws.client("s3").upload_file(str(archive), bucket, f"wheels/{role}/{name}.tar")
    aws.write("s3", "put_object", Bucket=bucket, Key=index, Body=name.encode())
    return name


def download(pins: str, python: str, house: Path) -> None:
    """Wheels for a Linux box with this Python, whatever Python and system this is, and pip. Raises Problem."""
    wanted = f"{pins}pip=={metadata.version('pip')}\n"
    closure.collect(wanted, python, house)
    closure.check(wanted, python, house)


def bubblewrap(house: Path) -> None:
    """Ubuntu's own package, held to its hash, because the archive is read over plain HTTP."""
    for name, sha256 in BUBBLEWRAP:
        try:
            with urllib.request.urlopen(ARCHIVE + name, timeout=60) as answer:
                data = answer.read(5_000_000)
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == sha256:
            (house / name).write_bytes(data)
            return
    raise Problem(f"Ubuntu's bubblewrap package could not be had, or is not the one expected, from {ARCHIVE}.")


def pack(house: Path, archive: Path) -> tuple[str, Path]:
    """(hash, archive). The hash is that of SHA256SUMS, which the box checks every file against."""
    files = sorted(p for p in house.iterdir() if p.is_file())
    sums = "".join(f"{sha256_of(p)}  {p.name}\n" for p in files).encode()
    with tarfile.open(archive, "w") as tar:
        for path in files:
            tar.add(path, path.name)
        entry = tarfile.TarInfo("SHA256SUMS")
        entry.size = len(sums)
        tar.addfile(entry, io.BytesIO(sums))
    return hashlib.sha256(sums).hexdigest(), archive


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
