"""`ExperimentStore` over one DynamoDB table. Every write of the agent is conditional on its owner and fence.

Order of a write: the code, then body and points (`parts.py`; nobody reads them yet), then META in one conditional write
that makes them the record. A writer that dies in between, or has lost its lease, leaves items that nothing points to;
the end of the run removes them.
"""

from __future__ import annotations

import secrets
import time
import zlib
from typing import Literal

from ...models import Audit, BDRate, Event, Experiment, Lease, PerceptualFigures, Progress, Status, now
from ...outline import Outline, audited, rated
from .. import later
from ..protocols import ArtifactStore, Page, Query, StoreError
from ..settings import StoreSettings
from .connect import client, required
from .events import Events
from .items import (
    agents_side,
    bd_rate_boards,
    boards,
    due,
    moment,
    new_meta,
    place,
    queue_keys,
)
from .listing import MAX_KEY_BYTES, id_of, page_of
from .outlines import Outlines, outline_item
from .parts import Parts
from .schema import PARTITION, key
from .table import Change, Item, Refused, Table
from .values import plain

CLAIMABLE = "#status = :queued OR (#status = :running AND #lease_expires < :now)"
UNDER_LEASE = "#status = :running AND #owner = :owner AND #fence = :fence"
ROUNDS = 5


class DynamoExperiments:
    """Safe for several threads, processes and machines. `artifacts` keeps the code; it is the decoders bucket."""

    def __init__(self, table: Table, artifacts: ArtifactStore):
        self.table, self.artifacts = table, artifacts
        self._events = Events(table)
        self._outlines = Outlines(table)
        self._parts = Parts(table, artifacts)

    @classmethod
    def from_settings(cls, settings: StoreSettings, artifacts: ArtifactStore) -> DynamoExperiments:
        name = required("dynamodb_table", settings.dynamodb_table)
        return cls(Table(client("dynamodb", settings), name), artifacts)

    # Records ----------------------------------------------------------------------------------------------------

    def create(self, experiment: Experiment) -> bool:
        e = experiment
        if self.table.get(key(e.id)) is not None:
            return False
        self._parts.keep_code(e)
        write, body, token = secrets.token_hex(8), self._parts.keep_body(e), self._parts.new_points(e)
        meta = new_meta(e) | body | {"points_token": token, "points": len(e.results), "write": write}
        try:
            self.table.put_new(meta)
        except Refused as taken:
            if not is_ours(taken, write):
                self._parts.drop_points(e.id, token)
                return False
        self._outlines.keep(e)
        return True

    def get(self, experiment_id: str) -> Experiment | None:
        if len(experiment_id.encode(errors="replace")) > MAX_KEY_BYTES:
            return None
        meta = self.table.get(key(experiment_id))
        return self._parts.load([meta])[0] if meta else None

    def page(self, query: Query) -> Page:
        return page_of(self.table, query, self._parts.load)

    def outlines(self) -> list[Outline]:
        return self._outlines.all(self._parts.load)

    # The queue --------------------------------------------------------------------------------------------------

    def waiting(self, limit: int = 1000) -> list[str]:
        queued = self.table.query("#queue = :queue", {"queue": "queued"}, index="queue", limit=limit)
        found = sorted([*queued, *self._expired()], key=lambda entry: entry["place"])
        return [id_of(entry) for entry in found[:limit]]

    def ahead(self, experiment_id: str) -> int:
        meta = self.table.get(key(experiment_id))
        if meta is None:
            return 0
        before = {"queue": "queued", "place": meta["place"]}
        queued = self.table.count("#queue = :queue AND #due < :place", before, index="queue")
        return queued + sum(entry["place"] < meta["place"] for entry in self._expired())

    def _expired(self) -> list[Item]:
        """Running, but under a lease that has run out: as many as agents died."""
        values = {"queue": "running", "now": moment(time.time())}
        return list(self.table.query("#queue = :queue AND #due < :now", values, index="queue"))

    def queue_depth(self) -> int:
        return self.table.count("#queue = :queue", {"queue": "queued"}, index="queue")

    # The agent's writes -----------------------------------------------------------------------------------------

    def claim(self, experiment_id: str, owner: str, seconds: float) -> Lease | None:
        t, write = time.time(), secrets.token_hex(8)
        change = Change(
            status=Status.RUNNING.value,
            owner=owner,
            lease_expires=t + seconds,
            queue="running",
            due=due(t + seconds, experiment_id),
            write=write,
            increase="fence",
        )
        values = {"queued": Status.QUEUED.value, "running": Status.RUNNING.value, "now": t}
        try:
            meta = self.table.update(key(experiment_id), change, CLAIMABLE, values)
        except Refused as refused:
            if not is_ours(refused, write):
                return None
            meta = refused.found
        return Lease(owner=owner, fence=meta["fence"], expires_at=t + seconds)

    def renew(self, experiment_id: str, lease: Lease, seconds: float) -> bool:
        expires = time.time() + seconds
        return self._under_lease(experiment_id, lease, Change(lease_expires=expires, due=due(expires, experiment_id)))

    def save(self, experiment: Experiment, lease: Lease) -> bool:
        e = experiment
        token = self._parts.keep_points(e, lease)
        facts = agents_side(e) | self._parts.keep_body(e) | {"points_token": token, "points": len(e.results)}
        # While it runs, the lease alone moves it in the queue.
        moves = {} if e.status is Status.RUNNING else queue_keys(e.status, place(e))
        gone = ("queue", "due") if e.status.terminal else ()
        best = boards(e) if e.status is Status.SUCCEEDED else []
        best += [outline_item(e)] if e.status.terminal else []
        change = Change(remove=gone, status=e.status.value, **facts, **moves)
        written = self._under_lease(e.id, lease, change, best)
        if not written and e.status.terminal:
            written = self._already_ended(e, lease, token, facts["body"])
        if not written or e.status.terminal:
            self._parts.forget(e.id, lease)
        if not written:
            self._parts.drop_points(e.id, token)
        elif e.status.terminal:
            self._parts.sweep(e.id, token, facts["body"])
        return written

    def _already_ended(self, e: Experiment, lease: Lease, token: str, body: str) -> bool:
        """Whether this very save was made before, and only its answer did not arrive."""
        meta = self.table.get(key(e.id)) or {}
        found = [meta.get(name) for name in ("status", "owner", "fence", "points_token", "points", "body")]
        return found == [e.status.value, lease.owner, lease.fence, token, len(e.results), body]

    def save_progress(self, experiment_id: str, lease: Lease, progress: Progress) -> bool:
        return self._under_lease(experiment_id, lease, Change(progress=plain(progress)))

    def release(self, experiment_id: str, lease: Lease) -> bool:
        found = self.table.get(key(experiment_id))
        if found is None:
            return False
        back = queue_keys(Status.QUEUED, found["place"])
        return self._under_lease(experiment_id, lease, Change(status=Status.QUEUED.value, lease_expires=0, **back))

    def _under_lease(self, experiment_id: str, lease: Lease, change: Change, more: list[Item] | None = None) -> bool:
        write = change.sets["write"] = secrets.token_hex(8)
        values = {"running": Status.RUNNING.value, "owner": lease.owner, "fence": lease.fence}
        try:
            if more:
                self.table.update_and_put(key(experiment_id), change, UNDER_LEASE, values, more)
            else:
                self.table.update(key(experiment_id), change, UNDER_LEASE, values)
        except Refused as refused:
            return is_ours(refused, write)
        return True

    # What people write ------------------------------------------------------------------------------------------

    def request_cancel(self, experiment_id: str) -> Experiment | None:
        at = key(experiment_id)
        end = Change(remove=("queue", "due"), status=Status.CANCELLED.value, finished_at=now())
        for _ in range(ROUNDS):  # it may be claimed or released between the two
            for change, status in ((end, Status.QUEUED), (Change(cancel_requested=True), Status.RUNNING)):
                try:
                    self.table.update(at, change, "#status = :status", {"status": status.value})
                    return self.get(experiment_id)
                except Refused as refused:
                    if refused.found is None:
                        return None
                    if Status(refused.found["status"]).terminal:
                        return self.get(experiment_id)
        raise StoreError(f"{experiment_id} changes hands too fast to be cancelled. Try again in a moment.")

    def annotate(
        self,
        experiment_id: str,
        *,
        title: str | None = None,
        notes: str | None = None,
        archived: bool | None = None,
        released: str | None = None,
    ) -> bool:
        changes = {"title": title, "notes": notes, "archived": archived, "released": released}
        changes = {k: v for k, v in changes.items() if v is not None}
        if not changes:
            return self.table.get(key(experiment_id)) is not None
        if released is not None:
            self._outlines.change(experiment_id, {"released": released})
        return self._on_existing(experiment_id, Change(**changes))

    # What is said of a finished run -----------------------------------------------------------------------------

    def set_bd_rates(self, experiment_id: str, bd_rates: dict[str, BDRate]) -> bool:
        """The boards first: whoever dies in between finds the record unlike its figures, and says them again."""
        meta = self.table.get(key(experiment_id))
        if meta is None:
            return False
        if meta["status"] == Status.SUCCEEDED:
            self.table.put_many(bd_rate_boards(experiment_id, bd_rates))
        self._outlines.change(experiment_id, rated(bd_rates))
        said = {name: plain(rate) for name, rate in bd_rates.items()}
        return self._on_existing(experiment_id, Change(bd_rates=said))

    def set_perceptual(self, experiment_id: str, figures: list[PerceptualFigures]) -> bool:
        """Deflated, because a run of many points has more figures than an item holds."""
        return self._on_existing(experiment_id, Change(perceptual=zlib.compress(later.packed(figures).encode())))

    def set_audit(self, experiment_id: str, audit: Audit) -> bool:
        self._outlines.change(experiment_id, audited(audit))
        return self._on_existing(experiment_id, Change(audit=plain(audit)))

    def _on_existing(self, experiment_id: str, change: Change) -> bool:
        try:
            self.table.update(key(experiment_id), change, f"attribute_exists(#{PARTITION})")
        except Refused:
            return False
        return True

    # Events -----------------------------------------------------------------------------------------------------

    def add_event(
        self,
        experiment_id: str,
        kind: Literal["status", "stage", "point", "log", "warning"],
        message: str,
        progress: Progress | None = None,
    ) -> Event:
        return self._events.add(experiment_id, kind, message, progress)

    def keep_events(self, experiment_id: str, events: list[Event]) -> None:
        self._events.keep(experiment_id, events)

    def events(self, experiment_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        return self._events.after(experiment_id, after, limit)


def is_ours(refused: Refused, write: str) -> bool:
    """Whether the write was made after all: its answer was lost, and the repeated call found its own mark."""
    return refused.found is not None and refused.found.get("write") == write
