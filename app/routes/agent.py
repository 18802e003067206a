"""The lab's way to the agent for bytes that pass through: streamed in both directions, never held whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import httpx2
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response, StreamingResponse

CHUNK = 1 << 18
PASSED_ON = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified")


class AgentPipe:
    """One connection pool to the agent at `url`. `token` is asked at each call, because the agent may make it later."""

    def __init__(self, url: str, token: Callable[[], str | None]) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.client: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Holds the pool open while the server runs. Proxies of the environment are not used: the token goes here."""
        limits = httpx2.Timeout(30, connect=5, read=900)
        async with httpx2.AsyncClient(timeout=limits, trust_env=False) as self.client:
            yield
        self.client = None

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: AsyncIterator[bytes] | None = None
    ) -> Response:
        """The agent's answer as it comes; 502 with a sentence where there is none. `path` is already quoted."""
        if self.client is None:
            raise RuntimeError("AgentPipe is used outside its lifespan.")
        token = self.token()
        sent = {**headers, "Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = self.client.build_request(method, self.url + path, headers=sent, content=body)
        try:
            answer = await self.client.send(request, stream=True)
        except httpx2.TransportError as error:
            return failure(502, "agent_unreachable", self.sentence(error))
        kept = {name: value for name, value in answer.headers.items() if name in PASSED_ON}
        return StreamingResponse(
            answer.aiter_raw(CHUNK), answer.status_code, kept, background=BackgroundTask(answer.aclose)
        )

    def sentence(self, error: httpx2.TransportError) -> str:
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return f"The agent at {self.url} does not answer. Start it, or wait until it is back."
        return f"The agent at {self.url} broke off ({type(error).__name__}). Try again."


def failure(status: int, code: str, message: str) -> JSONResponse:
    """An error in the shape that the agent's API has."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)
