"""`/blind/{trial}/{side}/...`: the two points of a blind trial behind letters, so that nothing but the picture tells them apart.

An address names the trial and a letter. Both points are fetched for every answer, so that neither comes later than
the other, and all answers of a kind have the same length: a video is filled up with an empty box (ISO/IEC 14496-12,
8.1.2), a picture with bytes after its end, which no decoder reads.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.blind import BlindTests, Stimulus
from app.routes.agent import failure
from app.routes.artifacts import ArtifactSource
from gpu_agent.blind import SIDES
from gpu_agent.server.ranges import RangeNotSatisfiable, parse_range
from gpu_agent.store import StoreError

CHUNK = 1 << 18
STEP = 1 << 16
BOX = 8
HEADERS = {"Cache-Control": "private, max-age=600", "Content-Security-Policy": "default-src 'none'; sandbox"}
GONE = ("not_found", "There is no such trial.")
HIDDEN = ("not_shown", "One of the two cannot be shown just now. Leave the test to see which, and why.")
log = logging.getLogger(__name__)


class Blind:
    """Answers for trials of `tests` from the artifacts of `source`."""

    def __init__(self, tests: BlindTests, source: ArtifactSource) -> None:
        self.tests, self.source = tests, source

    async def preview(self, request: Request) -> Response:
        """The preview of a letter, with byte ranges."""
        found = await anyio.to_thread.run_sync(self.points, request)
        if found is None:
            return failure(404, *GONE)
        points, at = found
        files = await asyncio.gather(*(self.file(p.preview) for p in points))
        if None in files:
            return failure(502, *HIDDEN)
        return padded_video(files[at], max(f.stat().st_size for f in files), request.headers.get("range"))

    async def frame(self, request: Request) -> Response:
        """An exact frame of a letter as PNG."""
        found = await anyio.to_thread.run_sync(self.points, request)
        if found is None:
            return failure(404, *GONE)
        points, at = found
        number = str(request.path_params["number"])
        pictures = await asyncio.gather(*(self.bytes(p.exact.replace("{frame}", number)) for p in points))
        if None in pictures:
            return failure(502, *HIDDEN)
        return Response(padded_picture(pictures[at]), media_type="image/png", headers=HEADERS)

    def points(self, request: Request) -> tuple[tuple[Stimulus, Stimulus], int] | None:
        """Both points, and which of them is behind the letter."""
        found, side = self.tests.trial(request.path_params["trial"]), request.path_params["side"]
        if found is None or side not in SIDES[found[0].kind]:
            return None
        test, trial = found
        return test.points, trial.point(side)

    async def file(self, path: str) -> Path | None:
        """The artifact as a file of this machine; the agent is asked to make what is not there."""
        found = await anyio.to_thread.run_sync(self.here, path)
        if found is None:
            answer = await self.source.agent.send("HEAD", f"/artifacts/{path}", {})
            await drained(answer)
            found = await anyio.to_thread.run_sync(self.here, path) if answer.status_code < 400 else None
        return found

    def here(self, path: str) -> Path | None:
        name = unquote(path)  # a clip may have a plus in its name
        found = self.source.local(name)
        if found is None and self.source.store is not None:
            try:
                return self.source.store.local(name)
            except (ValueError, StoreError) as problem:
                log.warning("%s of a blind test is not here: %s", path, problem)
        return found

    async def bytes(self, path: str) -> bytes | None:
        answer = await self.source.agent.send("GET", f"/artifacts/{path}", {})
        data = await drained(answer)
        return data if answer.status_code == 200 else None


async def drained(answer: Response) -> bytes:
    """The whole body; the connection goes back to its pool."""
    if not isinstance(answer, StreamingResponse):
        return bytes(answer.body)
    data = b"".join([chunk async for chunk in answer.body_iterator])
    if answer.background is not None:
        await answer.background()
    return data


def padded_video(file: Path, longest: int, asked: str | None) -> Response:
    """The file and an empty box behind it, as long for each of the two files."""
    size = file.stat().st_size
    total = -(-(longest + BOX) // STEP) * STEP
    try:
        part = parse_range(asked, total)
    except RangeNotSatisfiable:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{total}"})
    first, last = part or (0, total - 1)
    headers = HEADERS | {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
    if part:
        headers["Content-Range"] = f"bytes {first}-{last}/{total}"
    body = pieces(file, size, total, first, last)
    return StreamingResponse(body, 206 if part else 200, headers, media_type="video/mp4")


async def pieces(file: Path, size: int, total: int, first: int, last: int) -> AsyncIterator[bytes]:
    """Bytes `first` to `last` of the file with its empty box."""
    box = struct.pack(">I4s", total - size, b"free")
    async with await anyio.open_file(file, "rb") as data:
        await data.seek(min(first, size))
        at = first
        while at <= last:
            left = last + 1 - at
            if at < size:
                piece = await data.read(min(CHUNK, left, size - at))
                if not piece:
                    return
            elif at < size + BOX:
                piece = box[at - size :][:left]
            else:
                piece = bytes(min(CHUNK, left))
            yield piece
            at += len(piece)


def padded_picture(png: bytes) -> bytes:
    """As long as any picture of this size can be, whatever is in it."""
    width, height = struct.unpack(">II", png[16:24])
    longest = -(-((3 * width + 1) * height * 101 // 100 + 1024) // STEP) * STEP
    return png.ljust(longest, b"\0")
