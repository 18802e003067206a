"""`/assets/{name}`: the scripts and styles of the lab's components, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.routes.agent import failure
from app.routes.artifacts import served

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}


class Assets:
    """The files of `known`, by the name they have in URLs. `?v=` (any value) lets the browser keep one for good."""

    def __init__(self, known: Mapping[str, Path]) -> None:
        self.known = known

    async def asset(self, request: Request) -> Response:
        file = self.known.get(request.path_params["name"])
        if file is None or not file.is_file():
            return failure(404, "not_found", "There is no such asset.")
        response = served(file, request)
        forever = "v" in request.query_params
        response.headers["Cache-Control"] = "max-age=31536000, immutable" if forever else "private, no-cache"
        if response.status_code == 200:
            kind = TYPES.get(file.suffix)
            if kind:
                response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        return response
