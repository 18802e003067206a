"""`/artifacts/{id}/{path}`: a file of the local artifact folder or of the store, else the agent's; with byte ranges.

Where the store gives out addresses (S3), the browser is sent to one for a video, signed anew at each request: it plays
by byte ranges from the bucket and nothing needs to be public. Small files come through the store's cache folder.
`?download` makes any of them a download. Bitstreams and code always are: nothing a codec wrote is shown as a page.
"""

from __future__ import annotations

import logging
import stat
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlencode

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from app.routes.agent import AgentPipe, failure
from gpu_agent.store import ArtifactStore, StoreError

TYPES = {
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
}
SHOWN = {".mp4", ".png", ".jpg", ".json", ".csv", ".txt", ".log"}
ASKED = ("range", "if-range", "if-none-match", "if-modified-since")
HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


MADE_ON_DEMAND = {".png", ".y4m"}
"""Exact frames: the agent makes them, no store has them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ArtifactSource:
    """Where artifacts come from: a folder on this machine (None: there is none), the store, and the agent."""

    folder: Path | None
    agent: AgentPipe
    store: ArtifactStore | None = None

    async def artifact(self, request: Request) -> Response:
        path = request.path_params["path"]
        if not is_plain(path):
            return failure(
                400, "bad_path", "An artifact's path has the form experiment/name, without dots that lead up."
            )
        file = await anyio.to_thread.run_sync(self.local, path)
        if file is None:
            file = await anyio.to_thread.run_sync(self.stored, path, plays(request))
        if isinstance(file, str):
            return RedirectResponse(file, 307, {"Cache-Control": "no-store"})
        if file is not None:
            response = served(file, request)
        else:
            asked = {name: request.headers[name] for name in ASKED if name in request.headers}
            query = urlencode([pair for pair in request.query_params.multi_items() if pair[0] != "download"])
            target = f"/artifacts/{quote(path)}" + (f"?{query}" if query else "")
            response = await self.agent.send(request.method, target, asked)
        name = PurePosixPath(path)
        if response.status_code in (200, 206):
            response.headers["Content-Type"] = TYPES.get(name.suffix.lower(), "application/octet-stream")
            if "download" in request.query_params or name.suffix.lower() not in SHOWN:
                response.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(name.name)}"
        for header, value in HEADERS.items():
            if header != "Cache-Control" or response.status_code < 400:
                response.headers[header] = value
        return response

    def local(self, path: str) -> Path | None:
        """The regular file at `path` below the folder; None where there is none, or where a link leads out of it."""
        if self.folder is None:
            return None
        try:
            root = self.folder.resolve()
            file = (root / path).resolve()
            inside = file.is_relative_to(root) and stat.S_ISREG(file.stat().st_mode)
        except (OSError, ValueError):
            return None
        return file if inside else None

    def stored(self, path: str, by_address: bool) -> Path | str | None:
        """The store's copy: a file, or the address where a browser may read it. None: ask the agent."""
        if self.store is None or PurePosixPath(path).suffix in MADE_ON_DEMAND:
            return None
        try:
            return (self.store.url(path) if by_address else None) or self.store.local(path)
        except ValueError:  # not a key of any store
            return None
        except StoreError as problem:
            log.warning("%s is asked from the agent: %s", path, problem)
            return None


def plays(request: Request) -> bool:
    """Whether a video is asked for to be shown: what is saved, or asked about by HEAD, goes through this server."""
    return request.method == "GET" and request.url.path.endswith(".mp4") and "download" not in request.query_params


def is_plain(path: str) -> bool:
    """Whether every segment is a name: none empty or with a dot at its start, no backslash or control character."""
    segments = path.split("/")
    return (
        len(segments) >= 2
        and all(segment and segment[0] != "." for segment in segments)
        and not any(character == "\\" or ord(character) < 32 for character in path)
    )


def served(file: Path, request: Request) -> Response:
    """The file, or 304 where the browser has it already (which FileResponse alone does not say)."""
    response = FileResponse(file, stat_result=file.stat())
    if fresh(request, response.headers["etag"], response.headers["last-modified"]):
        kept = {name: response.headers[name] for name in ("etag", "last-modified")}
        return Response(status_code=304, headers=kept)
    return response


def fresh(request: Request, etag: str, modified: str) -> bool:
    """RFC 9110 13.2.2: If-None-Match decides alone where it is given, If-Modified-Since otherwise."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]
    since = request.headers.get("if-modified-since")
    try:
        return since is not None and parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
