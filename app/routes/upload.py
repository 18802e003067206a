"""`POST /upload?name=`: a person's own clip on its way to the agent, passed through chunk by chunk."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.routes.agent import AgentPipe, failure

LONGEST_NAME = 200


class Upload:
    """The size is the agent's to bound; it must be told at the start."""

    def __init__(self, agent: AgentPipe) -> None:
        self.agent = agent

    async def upload(self, request: Request) -> Response:
        """The agent's answer to `POST /clips?name=`."""
        name = request.query_params.get("name", "").strip()
        if not name or len(name) > LONGEST_NAME:
            return failure(400, "bad_name", f"Give the clip's file name as ?name= (1 to {LONGEST_NAME} characters).")
        length = request.headers.get("content-length")
        if length is None:
            return failure(411, "length_required", "An upload must say its size in Content-Length.")
        kind = request.headers.get("content-type", "application/octet-stream")
        headers = {"Content-Length": length, "Content-Type": kind}
        try:
            return await self.agent.send("POST", f"/clips?name={quote(name, safe='')}", headers, request.stream())
        except ClientDisconnect:
            return Response(status_code=400)
