"""The admin API: invoked by IAM alone, never by a URL. Ships alone: standard library and boto3.

In:  {"action": …, "idempotency_key": …, "actor": …, and what the action wants}
Out: {"ok": true, "result": {…}} or {"ok": false, "error": {"code": …, "message": a sentence}}

rerun {experiment_id} · cancel {experiment_id} · start_worker · stop_worker · pause_autopilot · resume_autopilot · status

Every call that is understood leaves an audit record in the table (pk AUDIT) and a line in the log. The same key with
the same request is the same call: it is answered with the first one's answer and done once. `actor` is what the
caller says; who it was is in CloudTrail under the request id that the record keeps.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from admin import autopilot, experiments, idempotency, reruns, status, worker
from admin.audit import audit
from admin.request import Refused, understood
from aws import Item

ACTIONS: dict[str, Callable[..., Item]] = {
    "rerun": reruns.rerun,
    "cancel": experiments.cancel,
    "start_worker": worker.start,
    "stop_worker": worker.stop,
    "pause_autopilot": autopilot.pause,
    "resume_autopilot": autopilot.resume,
    "status": status.status,
}
logging.getLogger().setLevel(logging.INFO)


def handler(event: Any, context: Any) -> Item:
    """One call. A refusal is an answer; an unexpected failure is raised, so that Lambda counts it and the alarm rings."""
    request_id = getattr(context, "aws_request_id", None) or secrets.token_hex(8)
    try:
        action, arguments, key, actor = understood(event, ACTIONS)
    except Refused as refused:
        return {"ok": False, "error": {"code": refused.code, "message": refused.message}}
    call = {"action": action, **arguments}
    try:
        answer = {"ok": True, "result": done(action, arguments, key)}
    except Refused as refused:
        answer = {"ok": False, "error": {"code": refused.code, "message": refused.message}}
    except Exception as error:
        audit(request_id, actor, call, key, f"failed: {type(error).__name__}")
        raise
    audit(request_id, actor, call, key, "done" if answer["ok"] else answer["error"]["code"])
    return answer


def done(action: str, arguments: Item, key: str | None) -> Item:
    """The action's result; under a key it is done once. Raises Refused."""
    do = ACTIONS[action]
    if key is None:
        return do(**arguments)
    named = lambda token: {"token": token} if do is reruns.rerun else {}
    return idempotency.once(key, {"action": action, **arguments}, lambda token: do(**arguments, **named(token)))
