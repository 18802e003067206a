"""The calls of the API, one function each: what goes in, what comes out. Nothing of HTTP's mechanics."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .. import __version__
from ..models import Experiment, ExperimentRequest, Status
from ..road.environment import build_hash, environment, installed
from ..road.freeze import freeze, freeze_rerun
from ..store import Query
from .artifacts import artifact
from .clip_artifacts import clip_artifact
from .errors import ApiError, not_found

if TYPE_CHECKING:
    from .app import Agent
    from .handler import Handler

MAX_WAIT = 30.0
MAX_PAGE = 200
CROWDED_WAIT = 1.0
POLL = 2.0
"""Seconds until the store is read again without a wake-up: another process may write to it too."""
MAX_SEQ = (1 << 63) - 1
ARCHIVED = {"true": True, "false": False, "all": None}
ID = r"(?P<experiment_id>[A-Za-z0-9][A-Za-z0-9_-]{0,63})"


@dataclass
class Reply:
    """`body`: bytes as they are, a Path as a file with byte ranges, anything else as JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    call: Callable[..., Reply]
    token: bool = True


def health(agent: Agent, request: Handler) -> Reply:
    """Needs no token and tells nothing secret: no paths, no code, no titles."""
    facts, jail, run = environment(), agent.tools.jail.status(), agent.worker.current
    preview = agent.tools.preview_by
    return Reply(
        {
            "version": __version__,
            "build": build_hash(),
            "device": {k: facts[k] for k in ("cpu", "cores", "memory_mb", "gpu")} | {"torch": installed("torch")},
            "sandbox": {"available": jail.available, "level": jail.level, "message": jail.message},
            "measurement": {"ok": agent.drift is None, "message": agent.drift},
            "preview": {"encoder": preview.encoder.name, "message": preview.reason},
            "queue_depth": agent.store.queue_depth(),
            "anchors": agent.ladders.progress._asdict() if agent.ladders.progress else None,
            "background": agent.at_work,
            "running": run is not None,
            "started_at": agent.started_at,
        }
    )


def list_clips(agent: Agent, request: Handler) -> Reply:
    catalogue = agent.tools.catalogue
    return Reply({"clips": catalogue.list(), "default": catalogue.default_names()})


def upload_clip(agent: Agent, request: Handler) -> Reply:
    name = request.query.get("name", "")
    if not name:
        raise ApiError(400, "invalid_request", "Say the file's name: POST /clips?name=FILE.mp4 with the video as body.")
    length = request.body_length()
    if length == 0:
        raise ApiError(400, "invalid_clip", "The upload is empty.")
    return Reply(agent.tools.catalogue.add_upload(name, request, length), 201)


def create(agent: Agent, request: Handler) -> Reply:
    wanted = validated(request.json_body())
    if wanted.id and (known := agent.store.get(wanted.id)):
        return Reply(answer(agent, known), 202)
    check_queue(agent)
    if wanted.parent_id and agent.store.get(wanted.parent_id) is None:
        raise ApiError(400, "invalid_request", f"There is no experiment {wanted.parent_id} to be the parent.")
    names = wanted.clips or agent.tools.catalogue.default_names()
    clips = [agent.tools.catalogue.get(name).ref(wanted.frames) for name in dict.fromkeys(names)]
    return enqueue(agent, freeze(wanted, clips))


def validated(body: dict[str, Any]) -> ExperimentRequest:
    """The request, or its first problem as a sentence that names the field."""
    try:
        return ExperimentRequest.model_validate(body)
    except ValidationError as e:
        raise ApiError(400, "invalid_request", sentence_of(e)) from None


def check_queue(agent: Agent) -> None:
    most = agent.tools.settings.max_queue
    if agent.store.queue_depth() >= most:
        raise ApiError(429, "queue_full", f"{most} experiments wait already. Try again later.", {"Retry-After": "30"})


def enqueue(agent: Agent, experiment: Experiment) -> Reply:
    if agent.store.create(experiment):
        agent.store.add_event(experiment.id, "status", "queued", experiment.progress)
        agent.worker.wake()
        agent.worker.notify()
    return Reply(answer(agent, find(agent, experiment.id)), 202)


def list_experiments(agent: Agent, request: Handler) -> Reply:
    q = request.query
    try:
        limit = min(MAX_PAGE, max(1, int(q.get("limit", "50"))))
        status = Status(q["status"]) if q.get("status") else None
        archived = ARCHIVED[q.get("archived", "false")]
    except KeyError:
        raise ApiError(400, "invalid_request", "archived is true, false or all.") from None
    except ValueError as e:
        raise ApiError(400, "invalid_request", f"{e}.") from e
    page = agent.store.page(Query(limit, q.get("before"), status, q.get("text"), archived))
    return Reply({"experiments": page.items, "next": page.next})


def get_experiment(agent: Agent, request: Handler, experiment_id: str) -> Reply:
    return Reply(answer(agent, find(agent, experiment_id)))


def events(agent: Agent, request: Handler, experiment_id: str) -> Reply:
    """Long poll: answers as soon as there is an event after `after`, at the latest after `wait` seconds."""
    try:
        after, wait = int(request.query.get("after", "0")), float(request.query.get("wait", "0"))
    except ValueError as e:
        raise ApiError(400, "invalid_request", "after is a number of an event, wait a number of seconds.") from e
    after = min(max(after, 0), MAX_SEQ)
    longest = CROWDED_WAIT if request.server.crowded else MAX_WAIT
    deadline = time.monotonic() + min(longest, max(0.0, wait))
    while True:
        news = agent.worker.news  # before the store is read: what comes in after that must wake the wait below
        record = find(agent, experiment_id)
        found = agent.store.events(experiment_id, after)
        if found and not record.status.terminal:
            record = find(agent, experiment_id)  # a status is never older than the events that it comes with
            found = agent.store.events(experiment_id, after) if record.status.terminal else found
        left = deadline - time.monotonic()
        if found or left <= 0 or record.status.terminal or agent.stopping:
            break
        agent.worker.wait_for_news(news, min(left, POLL))
    return Reply(
        {
            "events": found,
            "status": record.status,
            "progress": record.progress,
            **place(agent, record),
        }
    )


def cancel(agent: Agent, request: Handler, experiment_id: str) -> Reply:
    before = find(agent, experiment_id)
    record = agent.store.request_cancel(experiment_id)
    if record is None:
        raise not_found(f"There is no experiment {experiment_id}.")
    if before.status is Status.QUEUED and record.status is Status.CANCELLED:
        agent.store.add_event(experiment_id, "status", "cancelled")
    elif record.status is Status.RUNNING and not before.cancel_requested:
        agent.store.add_event(experiment_id, "status", "cancel requested")
    agent.worker.cancel(experiment_id)
    agent.worker.notify()
    return Reply(answer(agent, record))


def rerun(agent: Agent, request: Handler, experiment_id: str) -> Reply:
    wanted = validated({"code": "-", **{k: v for k, v in request.json_body().items() if k == "id"}})
    original = find(agent, experiment_id)
    if wanted.id and (known := agent.store.get(wanted.id)):
        return Reply(answer(agent, known), 202)
    check_queue(agent)
    return enqueue(agent, freeze_rerun(original, wanted.id))


def get_artifact(agent: Agent, request: Handler, owner: str, path: str) -> Reply:
    clips = owner == "clips"
    body, kind = clip_artifact(agent, path) if clips else artifact(agent, owner, path, request.query)
    headers = {"Cache-Control": "private, max-age=3600"} | ({"Content-Type": kind} if kind else {})
    return Reply(body, 200, headers)


def find(agent: Agent, experiment_id: str) -> Experiment:
    record = agent.store.get(experiment_id)
    if record is None:
        raise not_found(f"There is no experiment {experiment_id}.")
    return record


def answer(agent: Agent, record: Experiment) -> dict[str, Any]:
    return record.model_dump(mode="json") | place(agent, record)


def place(agent: Agent, record: Experiment) -> dict[str, Any]:
    """Where a queued experiment stands, and what it waits for beside those before it."""
    return {"queue_position": agent.queue_position(record), "waiting_for": agent.waiting_for(record)}


def sentence_of(error: ValidationError) -> str:
    """The first problem of a body, by field."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(p) for p in first["loc"]) or "body"
    return f"{where}: {first['msg']}."


def at(path: str) -> re.Pattern[str]:
    return re.compile(path)


ROUTES: tuple[Route, ...] = (
    Route("GET", at("/health"), health, token=False),
    Route("GET", at("/clips"), list_clips),
    Route("POST", at("/clips"), upload_clip),
    Route("GET", at("/experiments"), list_experiments),
    Route("POST", at("/experiments"), create),
    Route("GET", at(f"/experiments/{ID}"), get_experiment),
    Route("GET", at(f"/experiments/{ID}/events"), events),
    Route("POST", at(f"/experiments/{ID}/cancel"), cancel),
    Route("POST", at(f"/experiments/{ID}/rerun"), rerun),
    Route("GET", at("/artifacts/(?P<owner>[A-Za-z0-9][A-Za-z0-9_-]{0,63})/(?P<path>.{1,400})"), get_artifact),
)
