"""The admin API: invoked by IAM alone, never by a URL. Ships alone: standard library and boto3.

In:  {"action": …, "idempotency_key": …, "actor": …, and what the action wants}
Out: {"ok": true, "result": {…}} or {"ok": false, "error": {"code": …, "message": a sentence}}

rerun {experiment_id} · cancel {experiment_id} · start_worker · stop_worker · pause_autopilot · resume_autopilot · status

Every call that is understood leaves an audit record in the table (pk AUDIT) and a line in the log. The same key with
the same request is the same call: it is answered with the first one's answer and done once. `actor` is what the
caller says; who it was is in CloudTrail under the request id that the record keeps.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")
AUDIT_DAYS, KEY_DAYS, EVENT_DAYS = 400, 7, 90
STALE_SECONDS = 60
PART_BYTES, MAX_BODY = 350_000, 50_000_000
TERMINAL = {"succeeded", "failed", "cancelled"}
KEPT_BY_A_RERUN = (
    *("schema_version", "title", "code_sha256", "decoder_bytes", "clips", "rates", "frames", "parent_id"),
    *("clip_names", "decoder_kit_bytes"),
)
log = logging.getLogger()
log.setLevel(logging.INFO)

Item = dict[str, Any]
_pack, _unpack = TypeSerializer().serialize, TypeDeserializer().deserialize
_clients: dict[str, Any] = {}


class Refused(Exception):
    """The call is not done; code and sentence go to the caller."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code, self.message = code, message


def handler(event: Any, context: Any) -> Item:
    """One call. A refusal is an answer; an unexpected failure is raised, so that Lambda counts it and the alarm rings."""
    request_id = getattr(context, "aws_request_id", None) or secrets.token_hex(8)
    try:
        action, arguments, key, actor = understood(event)
    except Refused as refused:
        return {"ok": False, "error": {"code": refused.code, "message": refused.message}}
    call = {"action": action, **arguments}
    try:
        answer = {"ok": True, "result": once(key, call) if key else ACTIONS[action](**arguments)}
    except Refused as refused:
        answer = {"ok": False, "error": {"code": refused.code, "message": refused.message}}
    except Exception as error:
        audit(request_id, actor, call, key, f"failed: {type(error).__name__}")
        raise
    audit(request_id, actor, call, key, "done" if answer["ok"] else answer["error"]["code"])
    return answer


def understood(event: Any) -> tuple[str, Item, str | None, str]:
    """Action, its arguments, idempotency key and actor. Raises Refused for anything that is not exactly a call."""
    if not isinstance(event, dict):
        raise Refused("invalid_request", "The call is a JSON object with an action.")
    action = event.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise Refused("invalid_request", f"action is one of {', '.join(ACTIONS)}.")
    wanted = {"experiment_id"} if action in ("rerun", "cancel") else set()
    unknown = set(map(str, event)) - wanted - {"action", "idempotency_key", "actor"}
    if unknown:
        raise Refused("invalid_request", f"{action} takes no {sorted(unknown)[0][:40]!r}.")
    arguments = {name: event.get(name) for name in wanted}
    if not all(isinstance(v, str) and ID.fullmatch(v) for v in arguments.values()):
        raise Refused("invalid_request", f"{action} needs experiment_id, the id of an experiment.")
    key, actor = event.get("idempotency_key"), event.get("actor", "unknown")
    if not isinstance(actor, str) or not re.fullmatch(r"[\w@.:/+ -]{1,100}", actor):
        raise Refused("invalid_request", "actor is a name of at most 100 letters, digits and @.:/+-")
    if action == "status":
        return action, arguments, None, actor
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise Refused("invalid_request", f"{action} needs idempotency_key: 8 to 128 letters, digits and ._:-")
    return action, arguments, key, actor


# The table ---------------------------------------------------------------------------------------------------------


def client(service: str) -> Any:
    if service not in _clients:
        config = Config(connect_timeout=2, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2})
        _clients[service] = boto3.client(service, endpoint_url=os.environ.get("ENDPOINT"), config=config)
    return _clients[service]


def packed(values: Item) -> Item:
    return {name: _pack(value) for name, value in values.items()}


def unpacked(item: Item) -> Item:
    return {name: _unpack(value) for name, value in item.items()}


def get(pk: str, sk: str) -> Item | None:
    reply = client("dynamodb").get_item(
        TableName=os.environ["TABLE"], Key=packed({"pk": pk, "sk": sk}), ConsistentRead=True
    )
    return unpacked(reply["Item"]) if "Item" in reply else None


def put(item: Item, *, new: bool = False) -> bool:
    """False, and nothing written, where `new` is asked and the key is taken."""
    condition = {"ConditionExpression": "attribute_not_exists(pk)"} if new else {}
    try:
        client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=packed(item), **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def change(pk: str, sk: str, sets: Item, condition: str, values: Item, remove: tuple[str, ...] = ()) -> bool:
    """False, and nothing changed, where the condition (over #status) does not hold."""
    text = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
    text += " REMOVE " + ", ".join(f"#{name}" for name in remove) if remove else ""
    names = {f"#{name}": name for name in (*sets, *remove)} | ({"#status": "status"} if "#status" in condition else {})
    try:
        client("dynamodb").update_item(
            TableName=os.environ["TABLE"],
            Key=packed({"pk": pk, "sk": sk}),
            UpdateExpression=text,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=packed({f":{name}": value for name, value in {**sets, **values}.items()}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def query(condition: str, values: Item, names: dict[str, str], **more: Any) -> Item:
    return client("dynamodb").query(
        TableName=os.environ["TABLE"],
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=packed(values),
        **more,
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def audit(request_id: str, actor: str, call: Item, key: str | None, outcome: str) -> None:
    at = now()
    entry = {
        "at": at,
        "actor": actor,
        "call": call,
        "idempotency_key": key,
        "outcome": outcome,
        "request_id": request_id,
    }
    log.info(json.dumps({"audit": entry}))
    put({"pk": "AUDIT", "sk": f"{at}#{request_id}", "expires": int(time.time()) + AUDIT_DAYS * 86_400, **entry})


def once(key: str, call: Item) -> Item:
    """Do the call, or give the answer of the same call made before under this key.

    A call that died in between is done again after STALE_SECONDS; `token` stays the same, and names what it makes.
    """
    action, arguments = call["action"], {k: v for k, v in call.items() if k != "action"}
    digest = hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
    mark = {
        "pk": f"CALL#{key}",
        "sk": "META",
        "digest": digest,
        "begun": int(time.time()),
        "token": secrets.token_hex(4),
    }
    if not put(mark | {"expires": mark["begun"] + KEY_DAYS * 86_400, "place": now()}, new=True):
        known = get(mark["pk"], "META") or mark
        if known["digest"] != digest:
            raise Refused("key_reused", "This idempotency_key was used for another call. Take a new one.")
        if "answer" in known:
            return json.loads(known["answer"])
        if int(known["begun"]) > time.time() - STALE_SECONDS:
            raise Refused("in_progress", "The same call is being done right now. Ask again in a minute.")
        mark = known
    more = {"token": mark["token"]} if action == "rerun" else {}
    try:
        result = ACTIONS[action](**arguments, **more)
    except Refused:
        change(mark["pk"], "META", {"begun": 0}, "attribute_exists(pk)", {})  # nothing was done: it may be asked again
        raise
    change(mark["pk"], "META", {"answer": json.dumps(result)}, "attribute_exists(pk)", {})
    return result


# Experiments -------------------------------------------------------------------------------------------------------


def found(experiment_id: str) -> Item:
    meta = get(f"EXP#{experiment_id}", "META")
    if meta is None:
        raise Refused("not_found", f"There is no experiment {experiment_id}.")
    return meta


def rerun(experiment_id: str, token: str) -> Item:
    """The same experiment again, queued: exactly its code, clips, rates and limits."""
    original = found(experiment_id)
    known = get(f"CALL#RERUN#{token}", "META")
    if known is None:
        at = now()
        fresh = f"{datetime.now(UTC):%y%m%d-%H%M%S}-{token}"
        known = {"pk": f"CALL#RERUN#{token}", "sk": "META", "id": fresh, "created_at": at}
        put(known | {"expires": int(time.time()) + KEY_DAYS * 86_400})
    meta = rerun_of(original, known["id"], known["created_at"])
    body = body_of(original)
    data = json.dumps(
        {
            "origin": body["origin"] | {"kind": "rerun"},
            "error": None,
            "log": "",
            "warnings": [],
            "limits": body["limits"],
            "environment": {},
        }
    ).encode()
    packed_body, digest = zlib.compress(data), hashlib.sha256(data).hexdigest()[:32]
    starts = range(0, len(packed_body), PART_BYTES)
    for part, start in enumerate(starts):
        put({"pk": meta["pk"], "sk": f"BODY#{digest}#{part}", "data": packed_body[start : start + PART_BYTES]})
    if put(meta | {"body": digest, "body_parts": len(starts)}, new=True):
        event(meta["pk"], "queued")
    return {"experiment_id": known["id"], "rerun_of": experiment_id, "status": "queued"}


def rerun_of(original: Item, experiment_id: str, at: str) -> Item:
    place = f"{at}|{experiment_id}"
    return {name: original[name] for name in KEPT_BY_A_RERUN if name in original} | {
        "pk": f"EXP#{experiment_id}",
        "sk": "META",
        "id": experiment_id,
        "rerun_of": original["id"],
        "created_at": at,
        "started_at": None,
        "finished_at": None,
        "status": "queued",
        "listing": "experiments",
        "place": place,
        "queue": "queued",
        "due": place,
        "fence": 0,
        "lease_expires": 0,
        "points": 0,
        "points_token": secrets.token_hex(6),
        "write": secrets.token_hex(8),
        "progress": {"points": len(original["clips"]) * len(original["rates"])},
        "summary": {},
        "sandbox": None,
        "cancel_requested": False,
        "attempts": 0,
        "notes": "",
        "archived": False,
    }


def body_of(meta: Item) -> Item:
    parts = [get(meta["pk"], f"BODY#{meta['body']}#{n}") for n in range(int(meta["body_parts"]))]
    if not all(parts):
        raise Refused("not_whole", f"The record of {meta['id']} is not whole; rerun it from the lab.")
    reader = zlib.decompressobj()
    data = reader.decompress(b"".join(binary(part["data"]) for part in parts), MAX_BODY)
    return json.loads(data)


def binary(value: Any) -> bytes:
    return bytes(value) if isinstance(value, Binary | bytearray) else value


def cancel(experiment_id: str) -> Item:
    """A queued experiment is cancelled at once; a running one carries the wish, and its agent ends it."""
    pk = f"EXP#{experiment_id}"
    for _ in range(5):  # it may be claimed or put back between the two
        ended = {"status": "cancelled", "finished_at": now()}
        if change(pk, "META", ended, "#status = :was", {"was": "queued"}, remove=("queue", "due")):
            event(pk, "cancelled")
            return {"experiment_id": experiment_id, "status": "cancelled"}
        if change(pk, "META", {"cancel_requested": True}, "#status = :was", {"was": "running"}):
            event(pk, "cancel requested")
            return {"experiment_id": experiment_id, "status": "running", "cancel_requested": True}
        status = found(experiment_id)["status"]
        if status in TERMINAL:
            return {"experiment_id": experiment_id, "status": status}
    raise Refused("busy", f"{experiment_id} changes hands too fast to be cancelled. Try again in a moment.")


def event(pk: str, message: str) -> None:
    """The next event of an experiment; a number is taken by one writer alone."""
    names = {"#pk": "pk", "#sk": "sk"}
    for _ in range(20):
        values = {":pk": pk, ":first": "EVENT#0", ":last": "EVENT#9999999999"}
        reply = query(
            "#pk = :pk AND #sk BETWEEN :first AND :last", values, names,
            ScanIndexForward=False, Limit=1, ConsistentRead=True,
        )  # fmt: skip
        seq = max((int(_unpack(item["seq"])) for item in reply["Items"]), default=0) + 1
        entry = {"pk": pk, "sk": f"EVENT#{seq:010d}", "seq": seq, "at": now(), "kind": "status", "message": message}
        if put(entry | {"progress": None, "expires": int(time.time()) + EVENT_DAYS * 86_400}, new=True):
            return


# The worker and the autopilot --------------------------------------------------------------------------------------

SENTENCES = {
    "InsufficientInstanceCapacity": "AWS has no such GPU machine free in this zone right now. Try again in some minutes, "
    "or put the worker into the other zone: ./lab deploy infrastructure --worker-zone b --allow-replacement "
    "(a, where it is in b).",
    "VcpuLimitExceeded": "The account's quota for G instances does not allow the worker (new accounts have 0 vCPUs). "
    "Ask for 4 vCPUs of Running On-Demand G and VT instances under Service Quotas; it takes hours to days.",
    "UnauthorizedOperation": "This role may not see, start or stop the worker. Deploy the infrastructure again, which "
    "gives the right, or start the worker in the EC2 console.",
    "IncorrectInstanceState": "The worker is just changing its state. Try again in a minute.",
    "IncorrectSpotRequestState": "The worker is just changing its state. Try again in a minute.",
    "InvalidInstanceID.NotFound": "The worker is no longer there. Deploy the infrastructure again.",
    "InvalidInstanceID.Malformed": "The worker's instance id is none. Deploy the infrastructure again.",
    "RequestLimitExceeded": "EC2 is asked for too much at once. Try again in a moment.",
}


def worker_state() -> str:
    reply = asked(lambda ec2: ec2.describe_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return reply["Reservations"][0]["Instances"][0]["State"]["Name"]


def asked(call: Callable[[Any], Item]) -> Item:
    try:
        return call(client("ec2"))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in SENTENCES:
            raise Refused(code, SENTENCES[code]) from error
        raise


def start_worker() -> Item:
    if worker_state() in ("running", "pending"):
        return {"worker": worker_state()}
    asked(lambda ec2: ec2.start_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return {"worker": worker_state()}


def stop_worker() -> Item:
    """The agent puts a running experiment back into the queue as it is told to end."""
    if worker_state() in ("stopped", "stopping"):
        return {"worker": worker_state()}
    asked(lambda ec2: ec2.stop_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return {"worker": worker_state()}


def pause_autopilot() -> Item:
    return wish("paused")


def resume_autopilot() -> Item:
    return wish("running")


def wish(state: str) -> Item:
    """What the autopilot is wished to be, as an item that it reads before each step."""
    put({"pk": "CONTROL", "sk": "AUTOPILOT", "wish": state, "at": now()})
    return {"autopilot": state}


def status() -> Item:
    waiting = {name: count(name) for name in ("queued", "running")}
    control = get("CONTROL", "AUTOPILOT") or {}
    return {"worker": worker_state(), "experiments": waiting, "autopilot": control.get("wish", "running")}


def count(queue: str) -> int:
    total, start = 0, {}
    while True:
        reply = query(
            "#queue = :queue", {":queue": queue}, {"#queue": "queue"}, IndexName="queue", Select="COUNT", **start
        )
        total += reply["Count"]
        if "LastEvaluatedKey" not in reply:
            return total
        start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}


ACTIONS: dict[str, Callable[..., Item]] = {
    "rerun": rerun,
    "cancel": cancel,
    "start_worker": start_worker,
    "stop_worker": stop_worker,
    "pause_autopilot": pause_autopilot,
    "resume_autopilot": resume_autopilot,
    "status": status,
}
