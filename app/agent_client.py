"""A typed client of the agent's HTTP API, shared by the pages and the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import httpx2

from gpu_agent.models import Clip, Event, Experiment, ExperimentRequest, Progress, Status

T = TypeVar("T")


class AgentDown(RuntimeError):
    """The agent does not answer. What was asked may have been done all the same, where the answer alone was lost."""


class AgentError(RuntimeError):
    """The agent answered with an error: its sentence, with its code and status beside."""

    def __init__(self, message: str, code: str, status: int):
        super().__init__(message)
        self.code, self.status = code, status


class Health(NamedTuple):
    """What the agent says of itself, as far as the pages show it."""

    version: str
    build: str
    device: dict[str, Any]
    sandbox: dict[str, Any]
    measurement: dict[str, Any]
    queue_depth: int
    running: bool
    anchors: dict[str, Any] | None


class Seen(NamedTuple):
    """An answer of the long poll."""

    events: list[Event]
    status: Status
    progress: Progress
    queue_position: int | None


class AgentClient:
    """`token` is asked for at each call, because the agent makes it on its first start. Times out after `timeout` seconds."""

    def __init__(self, url: str, token, timeout: float = 10.0):
        self._token = token
        self._http = httpx2.Client(base_url=url, timeout=httpx2.Timeout(timeout, connect=2.0), trust_env=False)

    def health(self) -> Health:
        return self._call("GET", "/health", lambda a: Health(*(a[k] for k in Health._fields)), token=False)

    def clips(self) -> tuple[list[Clip], list[str]]:
        """The catalogue, and the names that a first experiment runs on."""
        read = lambda a: ([Clip.model_validate(c) for c in a["clips"]], a["default"])
        return self._call("GET", "/clips", read, timeout=60)

    def upload(self, name: str, data, length: int) -> Clip:
        """`data`: a binary file or an iterable of bytes, `length` bytes in all."""
        headers = {"Content-Length": str(length)}
        options = {"params": {"name": name}, "content": data, "headers": headers, "timeout": 600}
        return self._call("POST", "/clips", Clip.model_validate, **options)

    def create(self, request: ExperimentRequest) -> Experiment:
        return self._call("POST", "/experiments", record, json=request.model_dump(mode="json", exclude_none=True))

    def get(self, experiment_id: str) -> Experiment:
        return self._call("GET", path_of(experiment_id), record)

    def queue_position(self, experiment_id: str) -> int | None:
        return self._call("GET", path_of(experiment_id), lambda a: a["queue_position"])

    def page(self, **query: Any) -> tuple[list[Experiment], str | None]:
        read = lambda a: ([record(e) for e in a["experiments"]], a["next"])
        return self._call("GET", "/experiments", read, params={k: v for k, v in query.items() if v is not None})

    def events(self, experiment_id: str, after: int = 0, wait: float = 0) -> Seen:
        path, params = path_of(experiment_id) + "/events", {"after": after, "wait": wait}
        return self._call("GET", path, seen, params=params, timeout=wait + 10)

    def cancel(self, experiment_id: str) -> Experiment:
        return self._call("POST", path_of(experiment_id) + "/cancel", record)

    def rerun(self, experiment_id: str, new_id: str | None = None) -> Experiment:
        body = {"id": new_id} if new_id else {}
        return self._call("POST", path_of(experiment_id) + "/rerun", record, json=body)

    def artifact(self, key: str, timeout: float = 60) -> bytes:
        """The file under its key; the agent makes a picture again that was dropped, which may mean to decode again."""
        answer = self._request("GET", f"/artifacts/{quote(key)}", timeout=timeout)
        if answer.status_code >= 400:
            raise refusal(answer, self._body(answer))
        return answer.content

    def _call(self, method: str, path: str, read: Callable[[Any], T], **options: Any) -> T:
        answer = self._request(method, path, **options)
        body = self._body(answer)
        if answer.status_code >= 400:
            raise refusal(answer, body)
        try:
            return read(body)
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            message = f"What answers at {self._http.base_url} is not an agent of this version; restart it."
            raise AgentDown(message) from e

    def _request(
        self, method: str, path: str, *, token: bool = True, timeout: float | None = None, **options: Any
    ) -> httpx2.Response:
        headers = options.pop("headers", {})
        if token and (known := self._token()):
            headers["Authorization"] = f"Bearer {known}"
        if timeout is not None:
            options["timeout"] = httpx2.Timeout(timeout, connect=2.0)
        try:
            return self._http.request(method, path, headers=headers, **options)
        except httpx2.HTTPError as e:
            raise AgentDown(f"The agent at {self._http.base_url} does not answer.") from e

    def _body(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json()
        except ValueError as e:
            raise AgentDown(f"What answers at {self._http.base_url} is not the agent.") from e


def refusal(answer: httpx2.Response, body: Any) -> AgentError:
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    status = answer.status_code
    return AgentError(error.get("message", f"HTTP {status}"), error.get("code", ""), status)


def path_of(experiment_id: str) -> str:
    return f"/experiments/{quote(experiment_id, safe='')}"


BESIDE = {"queue_position", "waiting_for"}
"""What the agent says beside a record."""


def record(answer: dict[str, Any]) -> Experiment:
    return Experiment.model_validate({k: v for k, v in answer.items() if k not in BESIDE})


def seen(answer: dict[str, Any]) -> Seen:
    return Seen(
        [Event.model_validate(e) for e in answer["events"]],
        Status(answer["status"]),
        Progress.model_validate(answer["progress"]),
        answer["queue_position"],
    )
