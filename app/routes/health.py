"""`/health`: which build of the lab answers. Deployment compares it with what it installed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "gpu_agent", "streamlit_config")
SUFFIXES = {".py", ".js", ".css", ".html", ".toml"}


def build_hash(root: Path = ROOT) -> str:
    """Hash of what the lab runs from: two labs of one build answer the same. secrets.toml is no part of it."""
    digest = hashlib.sha256()
    files = (p for folder in FOLDERS for p in (root / folder).rglob("*") if p.suffix in SUFFIXES)
    for path in sorted(p for p in files if p.is_file() and p.name != "secrets.toml"):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


BUILD = build_hash()
"""As it was when this process began, whatever lies in the folder later."""


async def health(_request: Request) -> JSONResponse:
    """Tells nothing secret."""
    return JSONResponse({"build": BUILD})
