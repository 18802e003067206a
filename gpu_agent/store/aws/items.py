"""One experiment as items of the table, and back. Nothing is asked of AWS here."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from typing import Any

from ...models import BDRate, Experiment, ResultRow, Status
from .. import later
from ..protocols import StoreError
from .schema import LISTING, MAX_ITEM_BYTES, key
from .values import plain

Item = dict[str, Any]

LONG = {"origin", "hypothesis", "error", "log", "warnings", "limits", "environment"}
"""Texts of any length and what is read with one record only: in BODY."""
FIXED = {
    "schema_version",
    "id",
    "created_at",
    "code_sha256",
    "decoder_bytes",
    "decoder_kit_bytes",
    "parent_id",
    "rerun_of",
}
"""Written once, at creation."""
PEOPLES = {"title", "notes", "archived", "cancel_requested", "released"}
"""Written by people alone, after creation."""
ELSEWHERE = {"code", "results", "lease", "status"} | LONG
PART_BYTES = MAX_ITEM_BYTES - 50_000
MAX_BEST = 97


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
    facts = {k: v for k, v in plain(experiment).items() if k not in ELSEWHERE | FIXED | PEOPLES}
    return facts if experiment.audit else {k: v for k, v in facts.items() if k != "audit"}


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


def boards(experiment: Experiment) -> list[Item]:
    """What a finished run enters: the highest Y-PSNR on each clip, and the BD-rates known already; what one write holds."""
    best: dict[str, float] = {}
    for row in experiment.results:
        best[row.clip] = max(row.psnr_y, best.get(row.clip, row.psnr_y))
    entries = [board_item(experiment.id, f"psnr_y#{clip}", clip, score) for clip, score in best.items()]
    return [*entries, *bd_rate_boards(experiment.id, experiment.summary.bd_rate)][:MAX_BEST]


def bd_rate_boards(experiment_id: str, rates: dict[str, BDRate]) -> list[Item]:
    """Entries for the boards of the clips and anchors; without a score where there is no figure."""
    return [
        board_item(experiment_id, f"bd_rate#{anchor}#{clip}", clip, percent)
        for anchor, rate in rates.items()
        for clip, percent in rate.per_clip.items()
    ]


def board_item(experiment_id: str, board: str, clip: str, score: float | None) -> Item:
    item = key(experiment_id, f"BEST#{board}") | {"board": board, "experiment_id": experiment_id, "clip": clip}
    return item if score is None else item | {"score": score}


def experiment_from(meta: Item, code: str, body: bytes, rows: list[Item]) -> Experiment:
    """The record. Raises StoreError where the items are not of this version."""
    status, lease = meta["status"], None
    if status == Status.RUNNING and meta.get("owner"):
        lease = {"owner": meta["owner"], "fence": meta["fence"], "expires_at": meta["lease_expires"]}
    known = {name: meta[name] for name in Experiment.model_fields.keys() & meta.keys()}
    if "bd_rates" in meta:
        known["summary"] = known["summary"] | {"bd_rate": meta["bd_rates"]}
    if "perceptual" in meta:
        rows = later.joined(rows, zlib.decompress(meta["perceptual"]).decode())
    try:
        return Experiment.model_validate(
            known | json.loads(body) | {"code": code, "results": rows, "status": status, "lease": lease}
        )
    except ValueError as e:
        raise StoreError(f"The record of {meta['id']} cannot be read; another version of the lab wrote it.") from e
