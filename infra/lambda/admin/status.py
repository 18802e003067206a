"""How everything stands, in one answer: the worker, the queue, the autopilot. Changes nothing."""

from __future__ import annotations

from aws import Item

from . import autopilot, worker
from .items import query


def status() -> Item:
    waiting = {name: count(name) for name in ("queued", "running")}
    return {"worker": worker.state(), "experiments": waiting, "autopilot": autopilot.wished()}


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
