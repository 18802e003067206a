"""What the dashboard reads of the table: experiments, points, long texts and boards, each bounded for one page."""

from __future__ import annotations

import json
from typing import Any

from aws import Item, body_from, body_sorts, client, inflated, packed, plain, table, unpacked

from .figures import unranked

LATEST, CANDIDATES = 25, 20
MAX_BODY, BODY_PARTS = 1_000_000, 4


def read(item: Item) -> Item:
    return plain(unpacked(item))


def get_many(keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """Items by key. What the table does not give at once is asked for twice more and then left out."""
    found: dict[tuple[str, str], Item] = {}
    for start in range(0, len(keys), 100):
        left = [packed({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + 100]]
        for _ in range(3):
            if not left:
                break
            reply = client("dynamodb").batch_get_item(RequestItems={table(): {"Keys": left}})
            items = map(read, reply["Responses"].get(table(), []))
            found |= {(item["pk"], item["sk"]): item for item in items}
            left = reply.get("UnprocessedKeys", {}).get(table(), {}).get("Keys", [])
    return found


def experiment(experiment_id: str) -> Item | None:
    """META of an experiment; None where there is none or it is archived."""
    key = (f"EXP#{experiment_id}", "META")
    meta = get_many([key]).get(key)
    return None if meta is None or meta.get("archived") else meta


def latest(before: str | None) -> tuple[list[Item], str | None]:
    """META of the newest experiments that are not archived, and the cursor of older ones."""
    call: Item = {
        "TableName": table(),
        "IndexName": "newest",
        "KeyConditionExpression": "#listing = :listing" + (" AND #place < :before" if before else ""),
        "ExpressionAttributeNames": {"#listing": "listing"} | ({"#place": "place"} if before else {}),
        "ExpressionAttributeValues": packed({":listing": "experiments"} | ({":before": before} if before else {})),
        "ScanIndexForward": False,
        "Limit": LATEST,
    }
    reply = client("dynamodb").query(**call)
    entries = [read(item) for item in reply["Items"]]
    wanted = [(e["pk"], "META") for e in entries if not e.get("archived")]
    metas = get_many(wanted)
    more = entries[-1]["place"] if entries and "LastEvaluatedKey" in reply else None
    return [metas[key] for key in wanted if key in metas], more


def points(metas: list[Item], most: int) -> dict[str, list[Item]]:
    """Rows of results by experiment, lowest rate first, at most so many of each."""
    keys = [
        (meta["pk"], f"POINT#{meta['points_token']}#{n:05d}")
        for meta in metas
        for n in range(min(int(meta.get("points") or 0), most))
    ]
    seen = {meta["pk"]: perceptual_of(meta) for meta in metas}
    rows: dict[str, list[Item]] = {}
    for (pk, _), item in get_many(keys).items():
        row = item["row"]
        found = seen[pk].get((row["clip"], row["rate"]))
        rows.setdefault(pk, []).append(row if found is None else row | {"vmaf": found["vmaf"], "more": found})
    return {pk: sorted(found, key=lambda row: (str(row["clip"]), row["kbps"])) for pk, found in rows.items()}


def perceptual_of(meta: Item) -> dict[tuple[str, Any], Item]:
    """VMAF, or why there is none, by clip and rate: it is measured after the run and lies, deflated, beside the rows."""
    try:
        found = json.loads(inflated(meta["perceptual"], MAX_BODY))
        return {(row["clip"], row["rate"]): {"vmaf": row["vmaf"], "missing": row["missing"]} for row in found}
    except (KeyError, TypeError, ValueError):
        return {}


def body_of(meta: Item) -> Item:
    """The long texts. Empty where they are not whole or too long to be shown."""
    keys = [(meta["pk"], sort) for sort in body_sorts(meta)[:BODY_PARTS]]
    found = get_many(keys)
    try:
        return body_from([found[key] for key in keys], MAX_BODY)
    except (KeyError, ValueError):
        return {}


def leaders(boards: list[str]) -> dict[str, Item]:
    """The leader of each board of BD-rates, which is the lowest of those that may be shown and ranked."""
    found: dict[str, list[Item]] = {}
    for board in boards:
        reply = client("dynamodb").query(
            TableName=table(),
            IndexName="best",
            KeyConditionExpression="#board = :board",
            ExpressionAttributeNames={"#board": "board"},
            ExpressionAttributeValues=packed({":board": board}),
            Limit=CANDIDATES,
        )
        found[board] = [read(item) for item in reply["Items"]]
    metas = get_many(list({(item["pk"], "META"): None for items in found.values() for item in items}))
    may = {pk for (pk, _), meta in metas.items() if not meta.get("archived") and not unranked(meta)}
    first = {board: next((item for item in items if item["pk"] in may), None) for board, items in found.items()}
    return {board: item for board, item in first.items() if item}
