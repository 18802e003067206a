"""What a call is: an action with exactly its arguments, a key and an actor. Anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from aws import ID, Item

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")


class Refused(Exception):
    """The call is not done; code and sentence go to the caller."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code, self.message = code, message


def understood(event: Any, actions: Collection[str]) -> tuple[str, Item, str | None, str]:
    """Action, its arguments, idempotency key and actor. Raises Refused for anything that is not exactly a call."""
    if not isinstance(event, dict):
        raise Refused("invalid_request", "The call is a JSON object with an action.")
    action = event.get("action")
    if not isinstance(action, str) or action not in actions:
        raise Refused("invalid_request", f"action is one of {', '.join(actions)}.")
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
