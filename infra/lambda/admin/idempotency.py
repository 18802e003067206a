"""One key, one call: it is done once, and answered with the first answer as often as it is made."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable

from aws import Item

from .items import change, get, now, put
from .request import Refused

KEY_DAYS = 7
STALE_SECONDS = 60
"""Longer than the function may run (lambda.yaml): a call that has no answer by then has died."""


def once(key: str, call: Item, do: Callable[[str], Item]) -> Item:
    """Do the call, or give the answer of the same call made before under this key.

    A call that died in between is done again after STALE_SECONDS, by one of those who ask for it; `do` gets a token
    that stays the same, and names what it makes. Raises Refused.
    """
    digest = hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
    mark = {
        "pk": f"CALL#{key}",
        "sk": "META",
        "digest": digest,
        "begun": int(time.time()),
        "token": secrets.token_hex(4),
    }
    if not put(mark | {"expires": expires(), "place": now()}, new=True):
        known = get(mark["pk"], "META") or mark
        if known["digest"] != digest:
            raise Refused("key_reused", "This idempotency_key was used for another call. Take a new one.")
        if "answer" in known:
            return json.loads(known["answer"])
        # Its own mark means that it was written, and only the answer to that was lost.
        if known["token"] != mark["token"] and not taken_over(known, mark["begun"]):
            raise Refused("in_progress", "The same call is being done right now. Ask again in a minute.")
        mark = known
    try:
        result = do(mark["token"])
    except Refused:
        change(mark["pk"], "META", {"begun": 0}, "attribute_exists(pk)", {})  # nothing was done: it may be asked again
        raise
    change(mark["pk"], "META", {"answer": json.dumps(result)}, "attribute_exists(pk)", {})
    return result


def taken_over(known: Item, begun: int) -> bool:
    """False while the call is not stale, and where another caller takes it over at the same time."""
    if int(known["begun"]) > time.time() - STALE_SECONDS:
        return False
    condition = "#begun = :was AND attribute_not_exists(answer)"
    return change(known["pk"], "META", {"begun": begun}, condition, {"was": known["begun"]})


def expires() -> int:
    return int(time.time()) + KEY_DAYS * 86_400
