"""An experiment that is there: found, cancelled, and the event that tells its readers."""

from __future__ import annotations

import time

from aws import Item, unpacked

from .items import change, get, now, put, query
from .request import Refused

EVENT_DAYS = 90
TERMINAL = {"succeeded", "failed", "cancelled"}


def found(experiment_id: str) -> Item:
    meta = get(f"EXP#{experiment_id}", "META")
    if meta is None:
        raise Refused("not_found", f"There is no experiment {experiment_id}.")
    return meta


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
        seq = max((int(unpacked(item)["seq"]) for item in reply["Items"]), default=0) + 1
        entry = {"pk": pk, "sk": f"EVENT#{seq:010d}", "seq": seq, "at": now(), "kind": "status", "message": message}
        if put(entry | {"progress": None, "expires": int(time.time()) + EVENT_DAYS * 86_400}, new=True):
            return
