"""One experiment as items of the table, and back. Nothing is asked of AWS here."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any

from ...models import Experiment, ResultRow, Status
from ..protocols import StoreError
from .schema import LISTING, MAX_ITEM_BYTES, key
from .values import plain

Item = dict[str, Any]

LONG = {"origin", "error", "log", "warnings", "limits", "environment"}
"""Texts of any length and what is read with one record only: in BODY."""
FIXED = {"schema_version", "id", "created_at", "code_sha256", "decoder_bytes", "parent_id", "rerun_of"}
"""Written once, at creation."""
PEOPLES = {"title", "notes", "archived", "cancel_requested"}
"""Written by people alone, after creation."""
ELSEWHERE = {"code", "results", "lease", "status"} | LONG
PART_BYTES = MAX_ITEM_BYTES - 50_000
MAX_BEST = 98


def place(experiment: Experiment) -> str:
    """Position in the order of the listings, and the cursor of a page."""
    return f"{experiment.created_at}|{experiment.id}"


def due(expires: float, experiment_id: str) -> str:
    """Sort key of a running experiment in the queue index: the end of its lease in milliseconds, then its id."""
    return f"{moment(expires)}|{experiment_id}"


def moment(seconds: float) -> str:
    return f"{max(0, int(seconds * 1000)):015d}"


def queue_keys(status: Status, at: str) -> Item:
    """The attributes that put a new or returned experiment into the queue index; empty where it does not wait."""
    if status is Status.QUEUED:
        return {"queue": "queued", "due": at}
    return {"queue": "running", "due": due(0, at)} if status is Status.RUNNING else {}


def agents_side(experiment: Experiment) -> Item:
    """What `save` writes into META, beside status, queue keys and where body and points are."""
    return {k: v for k, v in plain(experiment).items() if k not in ELSEWHERE | FIXED | PEOPLES}


def new_meta(experiment: Experiment) -> Item:
    e = experiment
    facts = {k: v for k, v in plain(e).items() if k not in ELSEWHERE}
    names = " ".join(c.name for c in e.clips)
    more = {
        "status": e.status.value,
        "listing": LISTING,
        "place": place(e),
        "clip_names": f" {names} ",
        "fence": 0,
        "lease_expires": 0,
    }
    item = key(e.id) | facts | more | queue_keys(e.status, place(e))
    return item if e.parent_id else {k: v for k, v in item.items() if k != "parent_id"}


def body_of(experiment: Experiment) -> bytes:
    return experiment.model_dump_json(include=LONG).encode()


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def body_items(experiment_id: str, body: bytes) -> list[Item]:
    """The body, deflated, in as many items as it needs."""
    packed, digest = zlib.compress(body), digest_of(body)
    starts = range(0, len(packed), PART_BYTES)
    return [
        key(experiment_id, body_sort(digest, n)) | {"data": packed[i : i + PART_BYTES]} for n, i in enumerate(starts)
    ]


def body_sort(digest: str, part: int) -> str:
    return f"BODY#{digest}#{part}"


def body_from(parts: Iterable[Item]) -> bytes:
    return zlib.decompress(b"".join(part["data"] for part in parts))


def point_sort(token: str, number: int) -> str:
    return f"POINT#{token}#{number:05d}"


def point_item(experiment_id: str, token: str, number: int, row: ResultRow) -> Item:
    return key(experiment_id, point_sort(token, number)) | {"row": plain(row)}


def best_items(experiment: Experiment) -> list[Item]:
    """Entries for the boards: the best Y-PSNR of each clip, then BD-rates by clip and anchor, at most MAX_BEST."""
    best: dict[str, tuple[str, float]] = {}
    for row in experiment.results:
        board = f"psnr_y#{row.clip}"
        if board not in best or row.psnr_y > best[board][1]:
            best[board] = (row.clip, row.psnr_y)
    for anchor, rate in experiment.summary.bd_rate.items():
        for clip, percent in rate.per_clip.items():
            if percent is not None:
                best[f"bd_rate#{anchor}#{clip}"] = (clip, percent)
    return [
        key(experiment.id, f"BEST#{board}")
        | {"board": board, "score": score, "experiment_id": experiment.id, "clip": clip}
        for board, (clip, score) in list(best.items())[:MAX_BEST]
    ]


def experiment_from(meta: Item, code: str, body: bytes, rows: list[Item]) -> Experiment:
    """The record. Raises StoreError where the items are not of this version."""
    status, lease = meta["status"], None
    if status == Status.RUNNING and meta.get("owner"):
        lease = {"owner": meta["owner"], "fence": meta["fence"], "expires_at": meta["lease_expires"]}
    known = {name: meta[name] for name in Experiment.model_fields.keys() & meta.keys()}
    try:
        return Experiment.model_validate(
            known | json.loads(body) | {"code": code, "results": rows, "status": status, "lease": lease}
        )
    except ValueError as e:
        raise StoreError(f"The record of {meta['id']} cannot be read; another version of the lab wrote it.") from e
