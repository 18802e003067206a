"""Backs the local database up once a day, while no codec runs."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

from ..road.idle import Idle
from ..store import StoreError
from ..store.local.backup import CalledOff, back_up, is_due

LOOK_SECONDS = 300.0
log = logging.getLogger(__name__)


class Backups(threading.Thread):
    """Ends when `halt` is set; the agent stops `idle` too."""

    def __init__(self, database: Path, idle: Idle, halt: threading.Event):
        super().__init__(name="backups", daemon=True)
        self._database, self._idle, self._halt = database, idle, halt

    def run(self) -> None:
        while not self._halt.is_set():
            cancel = self._idle.wait()
            if cancel is None:
                return
            self.look(datetime.now(UTC), cancel)
            self._halt.wait(LOOK_SECONDS)

    def look(self, at: datetime, cancel: threading.Event) -> None:
        """Make a backup where one is due. What goes wrong is logged and tried again at the next look."""
        try:
            if is_due(self._database, at) and (made := back_up(self._database, at, cancel)):
                log.info("backed up the database to %s", made.name)
        except CalledOff:
            log.info("the backup of the database waits: a codec runs")
        except StoreError as e:
            log.warning("%s", e)
