"""A typed client of the agent's HTTP API, shared by the pages and the tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx2

from gpu_agent.models import Clip, Event, Experiment, ExperimentRequest, Progress, Status


class AgentDown(RuntimeError):
    """The agent does not answer; nothing was changed."""


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
        answer = self._call("GET", "/health", token=False)
        return Health(**{k: answer[k] for k in Health._fields})

    def clips(self) -> tuple[list[Clip], list[str]]:
        """The catalogue, and the names that a first experiment runs on."""
        answer = self._call("GET", "/clips", timeout=60)
        return [Clip.model_validate(c) for c in answer["clips"]], answer["default"]

    def upload(self, name: str, data, length: int) -> Clip:
        """`data`: a binary file or an iterable of bytes, `length` bytes in all."""
        headers = {"Content-Length": str(length)}
        answer = self._call("POST", "/clips", params={"name": name}, content=data, headers=headers, timeout=600)
        return Clip.model_validate(answer)

    def create(self, request: ExperimentRequest) -> Experiment:
        return record(self._call("POST", "/experiments", json=request.model_dump(mode="json", exclude_none=True)))

    def get(self, experiment_id: str) -> Experiment:
        return record(self._call("GET", f"/experiments/{experiment_id}"))

    def queue_position(self, experiment_id: str) -> int | None:
        return self._call("GET", f"/experiments/{experiment_id}")["queue_position"]

    def page(self, **query: Any) -> tuple[list[Experiment], str | None]:
        answer = self._call("GET", "/experiments", params={k: v for k, v in query.items() if v is not None})
        return [record(e) for e in answer["experiments"]], answer["next"]

    def events(self, experiment_id: str, after: int = 0, wait: float = 0) -> Seen:
        path = f"/experiments/{experiment_id}/events"
        answer = self._call("GET", path, params={"after": after, "wait": wait}, timeout=wait + 10)
        return Seen(
            [Event.model_validate(e) for e in answer["events"]],
            Status(answer["status"]),
            Progress.model_validate(answer["progress"]),
            answer["queue_position"],
        )

    def cancel(self, experiment_id: str) -> Experiment:
        return record(self._call("POST", f"/experiments/{experiment_id}/cancel"))

    def rerun(self, experiment_id: str, new_id: str | None = None) -> Experiment:
        body = {"id": new_id} if new_id else {}
        return record(self._call("POST", f"/experiments/{experiment_id}/rerun", json=body))

    def _call(self, method: str, path: str, *, token: bool = True, timeout: float | None = None, **options: Any) -> Any:
        headers = options.pop("headers", {})
        if token:
            headers["Authorization"] = f"Bearer {self._token() or ''}"
        if timeout is not None:
            options["timeout"] = httpx2.Timeout(timeout, connect=2.0)
        try:
            answer = self._http.request(method, path, headers=headers, **options)
            body = answer.json()
        except httpx2.HTTPError as e:
            raise AgentDown(f"The agent at {self._http.base_url} does not answer.") from e
        except ValueError as e:
            raise AgentDown(f"What answers at {self._http.base_url} is not the agent.") from e
        if answer.status_code >= 400:
            error = body.get("error", {}) if isinstance(body, dict) else {}
            raise AgentError(
                error.get("message", f"HTTP {answer.status_code}"), error.get("code", ""), answer.status_code
            )
        return body


def record(answer: dict[str, Any]) -> Experiment:
    return Experiment.model_validate({k: v for k, v in answer.items() if k != "queue_position"})
