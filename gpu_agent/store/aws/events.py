"""Events as items whose number is their key: each is put only where that number is free, so no number is ever left out.

A counter would leave a gap where a writer dies between counting and writing, and would show event 6 before event 5;
a reader that polls from its last number would then never see the fifth.
"""

from __future__ import annotations

import random
import time
from typing import Any

from ...models import Event, Progress, now
from ..protocols import StoreError
from .schema import EVENT_DAYS, EXPIRES, PARTITION, SORT, key
from .table import Refused, Table
from .values import plain

MAX_SEQ = 10**10 - 1
MAX_MESSAGE = 64_000
TRIES = 60
HINTS = 1000
BETWEEN = f"#{PARTITION} = :id AND #{SORT} BETWEEN :first AND :last"


def sort_of(seq: int) -> str:
    return f"EVENT#{seq:010d}"


class Events:
    def __init__(self, table: Table):
        self._table = table
        self._last: dict[str, int] = {}

    def add(self, experiment_id: str, kind: str, message: str, progress: Progress | None) -> Event:
        at, hint = now(), self._last.get(experiment_id)
        for attempt in range(TRIES):
            last = self._newest(experiment_id) if hint is None else hint
            event = Event(seq=last + 1, at=at, kind=kind, message=message[:MAX_MESSAGE], progress=progress)
            expires = int(time.time()) + EVENT_DAYS * 86_400
            try:
                self._table.put_new(key(experiment_id, sort_of(event.seq)) | plain(event) | {EXPIRES: expires})
            except Refused as taken:
                if ours(taken.found, event, expires):
                    break
                hint = None
                time.sleep(random.uniform(0, 0.005 * min(attempt, 10)))
                continue
            break
        else:
            raise StoreError(f"Too many write events of {experiment_id} at once. Try again in a moment.")
        if len(self._last) > HINTS:
            self._last.clear()
        self._last[experiment_id] = event.seq
        return event

    def keep(self, experiment_id: str, events: list[Event]) -> None:
        """Under their own numbers; one that is taken stays as it is."""
        expires = int(time.time()) + EVENT_DAYS * 86_400
        taken = {e.seq for e in self.after(experiment_id, 0, len(events) + 1)}
        fresh = (e.model_copy(update={"message": e.message[:MAX_MESSAGE]}) for e in events if e.seq not in taken)
        self._table.put_many(key(experiment_id, sort_of(e.seq)) | plain(e) | {EXPIRES: expires} for e in fresh)

    def _newest(self, experiment_id: str) -> int:
        span = {"id": key(experiment_id)[PARTITION], "first": sort_of(0), "last": sort_of(MAX_SEQ)}
        return next((e["seq"] for e in self._table.query(BETWEEN, span, backwards=True, limit=1)), 0)

    def after(self, experiment_id: str, after: int, limit: int) -> list[Event]:
        if after >= MAX_SEQ or limit < 1:
            return []
        span = {"id": key(experiment_id)[PARTITION], "first": sort_of(max(0, after) + 1), "last": sort_of(MAX_SEQ)}
        found = self._table.query(BETWEEN, span, limit=limit)
        return [Event.model_validate({k: e[k] for k in Event.model_fields}) for e in found]


def ours(found: dict[str, Any] | None, event: Event, expires: int) -> bool:
    """Whether the number is taken by this very event: written, but its answer was lost and the call repeated."""
    return (
        found is not None
        and found.get(EXPIRES) == expires
        and {k: found.get(k) for k in ("at", "message")}
        == {
            "at": event.at,
            "message": event.message,
        }
    )
