"""A rerun: what it keeps of the original, and what begins anew."""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from contextlib import suppress
from datetime import UTC, datetime

from aws import Item, body_from, body_sorts

from .experiments import event, found
from .idempotency import expires
from .items import get, now, put
from .request import Refused

PART_BYTES, MAX_BODY = 350_000, 50_000_000
ROUNDS = 3
KEPT_BY_A_RERUN = (
    *("schema_version", "title", "code_sha256", "decoder_bytes", "clips", "rates", "frames", "timing_runs"),
    *("parent_id", "clip_names", "decoder_kit_bytes"),
)


def rerun(experiment_id: str, token: str) -> Item:
    """The same experiment again, queued: exactly its code, clips, rates, timing runs, limits, and what was expected of it."""
    original, body = whole(experiment_id)
    known = get(f"CALL#RERUN#{token}", "META")
    if known is None:
        at = now()
        fresh = f"{datetime.now(UTC):%y%m%d-%H%M%S}-{token}"
        known = {"pk": f"CALL#RERUN#{token}", "sk": "META", "id": fresh, "created_at": at}
        put(known | {"expires": expires()})
    meta = rerun_of(original, known["id"], known["created_at"])
    data = json.dumps(
        {
            "origin": body["origin"] | {"kind": "rerun"},
            "hypothesis": body.get("hypothesis"),
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


def whole(experiment_id: str) -> tuple[Item, Item]:
    """META and the long texts. Parts that are gone are those of an older META, so that is read again. Raises Refused."""
    for _ in range(ROUNDS):
        meta = found(experiment_id)
        parts = [get(meta["pk"], sort) for sort in body_sorts(meta)]
        if not all(parts):
            continue
        with suppress(ValueError):
            return meta, body_from(parts, MAX_BODY)
    raise Refused("not_whole", f"The record of {experiment_id} is not whole; rerun it from the lab.")
