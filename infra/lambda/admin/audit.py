"""The record of every call that is understood: an item that stays for AUDIT_DAYS, and a line in the log."""

from __future__ import annotations

import json
import logging
import time

from aws import Item

from .items import now, put

AUDIT_DAYS = 400
log = logging.getLogger()


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
