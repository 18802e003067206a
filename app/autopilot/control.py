"""Whether all runs are paused from outside: the admin API's wish, read before each step."""

from __future__ import annotations

import time
from typing import Protocol

from gpu_agent.store import StoreError
from gpu_agent.store.settings import StoreSettings

PAUSED = "All runs are paused by the admin API (pause_autopilot); resume_autopilot lets them go on."
FRESH_SECONDS = 2.0


class Control(Protocol):
    def paused(self) -> str | None:
        """Why nothing new may begin, a sentence; None where nothing stands in the way."""


class Free:
    """At home there is no admin API: each run is paused on its page."""

    def paused(self) -> str | None:
        return None


class TableControl:
    """The item that the admin API writes (pk CONTROL, sk AUTOPILOT), as it was at most two seconds ago.

    While the table does not answer, nothing new begins: a pause that cannot be read must not be overrun.
    """

    def __init__(self, table):
        self._table, self._at, self._known = table, -FRESH_SECONDS, None

    def paused(self) -> str | None:
        if time.monotonic() - self._at >= FRESH_SECONDS:
            try:
                item = self._table.get({"pk": "CONTROL", "sk": "AUTOPILOT"}) or {}
                self._known = PAUSED if item.get("wish") == "paused" else None
            except StoreError as error:
                self._known = f"Nothing new begins while it cannot be read whether the runs are paused: {error}"
            self._at = time.monotonic()
        return self._known


def open_control(settings: StoreSettings) -> Control:
    if settings.store == "local":
        return Free()
    from gpu_agent.store.aws.connect import client  # boto3 is loaded where it is used
    from gpu_agent.store.aws.table import Table

    return TableControl(Table(client("dynamodb", settings), settings.dynamodb_table))
