"""`ExperimentStore` over one DynamoDB table. Every write of the agent is conditional on its owner and fence.

Order of a write: the code (S3, by its hash), then body and points (items nobody reads yet), then META in one
conditional write that makes them the record. A writer that dies in between, or has lost its lease, leaves items that
nothing points to; the end of the run removes them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import zlib
from contextlib import suppress
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
    body_from,
    body_items,
    body_of,
    body_sort,
    digest_of,
    due,
    experiment_from,
    moment,
    new_meta,
    place,
    point_item,
    point_sort,
    queue_keys,
)
from .listing import MAX_KEY_BYTES, id_of, page_of
from .outlines import Outlines, outline_item
from .recent import Recent
from .schema import PARTITION, SORT, code_key, key
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
        self._recent = Recent()
        self._runs: dict[tuple[str, int], tuple[str, list[str]]] = {}

    @classmethod
    def from_settings(cls, settings: StoreSettings, artifacts: ArtifactStore) -> DynamoExperiments:
        name = required("dynamodb_table", settings.dynamodb_table)
        return cls(Table(client("dynamodb", settings), name), artifacts)

    # Records ----------------------------------------------------------------------------------------------------

    def create(self, experiment: Experiment) -> bool:
        e = experiment
        if self.table.get(key(e.id)) is not None:
            return False
        self._keep_code(e)
        token, write = secrets.token_hex(6), secrets.token_hex(8)
        meta = new_meta(e) | self._keep_body(e) | {"points_token": token, "points": len(e.results), "write": write}
        self.table.put_many(point_item(e.id, token, n, row) for n, row in enumerate(e.results))
        try:
            self.table.put_new(meta)
        except Refused as taken:
            if not is_ours(taken, write):
                self._drop_points(e.id, token)
                return False
        self._outlines.keep(e)
        return True

    def get(self, experiment_id: str) -> Experiment | None:
        if len(experiment_id.encode(errors="replace")) > MAX_KEY_BYTES:
            return None
        meta = self.table.get(key(experiment_id))
        return self._load([meta])[0] if meta else None

    def page(self, query: Query) -> Page:
        return page_of(self.table, query, self._load)

    def outlines(self) -> list[Outline]:
        return self._outlines.all(self._load)

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
        token = self._keep_points(e, lease)
        facts = agents_side(e) | self._keep_body(e) | {"points_token": token, "points": len(e.results)}
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
            self._runs.pop((e.id, lease.fence), None)
        if not written:
            self._drop_points(e.id, token)
        elif e.status.terminal:
            self._sweep(e.id, token, facts["body"])
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

    # Parts of a record ------------------------------------------------------------------------------------------

    def _keep_code(self, e: Experiment) -> None:
        code = e.code.encode()
        if hashlib.sha256(code).hexdigest() != e.code_sha256:
            raise StoreError(f"The record of {e.id} names another hash than its code has; it is not stored.")
        if self._recent.get(code_key(e.code_sha256)) is None:
            self.artifacts.put_bytes(code_key(e.code_sha256), code)
            self._recent.put(code_key(e.code_sha256), code)

    def _keep_body(self, e: Experiment) -> Item:
        """Write the body unless this process knows it is there; how META refers to it."""
        body = body_of(e)
        digest, items = digest_of(body), body_items(e.id, body)
        if self._recent.get(f"{e.id}/{digest}") is None:
            self.table.put_many(items)
            self._recent.put(f"{e.id}/{digest}", body)
        return {"body": digest, "body_parts": len(items)}

    def _keep_points(self, e: Experiment, lease: Lease) -> str:
        """Write the rows that this run has not written yet; the token that they lie under.

        Rows under a token never change: another row in the same position begins a new token, known to nobody else.
        """
        rows = [row.model_dump_json() for row in e.results]
        token, known = self._runs.get((e.id, lease.fence), ("", []))
        if not token or rows[: len(known)] != known:
            token, known = secrets.token_hex(6), []
        fresh = range(len(known), len(rows))
        self.table.put_many(point_item(e.id, token, n, e.results[n]) for n in fresh)
        self._runs[e.id, lease.fence] = (token, rows)
        return token

    def _drop_points(self, experiment_id: str, token: str) -> None:
        """Remove the rows of a write that was refused, unless an earlier one of the same run made them the record."""
        with suppress(StoreError):  # what stays is pointed to by nothing
            meta = self.table.get(key(experiment_id))
            if meta is not None and meta["points_token"] != token:
                self._delete(experiment_id, f"POINT#{token}#", f"POINT#{token}#~", lambda _: True)

    def _sweep(self, experiment_id: str, token: str, body: str) -> None:
        """Remove what earlier saves and attempts left. The record is written, so a failure here is nobody's loss."""
        used = (f"POINT#{token}#", f"BODY#{body}#")
        with suppress(StoreError):
            for first, last in (("BODY#", "BODY#~"), ("POINT#", "POINT#~")):
                self._delete(experiment_id, first, last, lambda sort: not sort.startswith(used))

    def _delete(self, experiment_id: str, first: str, last: str, unused) -> None:
        values = {"id": key(experiment_id)[PARTITION], "first": first, "last": last}
        condition = f"#{PARTITION} = :id AND #{SORT} BETWEEN :first AND :last"
        found = self.table.query(condition, values, only=(PARTITION, SORT))
        self.table.delete_many([item for item in found if unused(item[SORT])])

    def _load(self, metas: list[Item]) -> list[Experiment]:
        """Whole records. Parts that a sweep removed meanwhile are those of an older META, so that is read again."""
        for _ in range(ROUNDS):
            parts = self._parts(metas)
            broken = [meta for meta in metas if not parts.keys() >= set(names_of_parts(meta))]
            if not broken:
                return [self._assembled(meta, parts) for meta in metas]
            fresh = self.table.get_many(key(id_of(meta)) for meta in broken)
            metas = [fresh.get((meta[PARTITION], meta[SORT]), meta) for meta in metas]
        raise StoreError(
            f"The record of {id_of(broken[0])} is not whole: parts of it are missing in {self.table.name}."
        )

    def _parts(self, metas: list[Item]) -> dict[str, bytes]:
        """Bodies and points by name, from memory or in as few calls as possible. Those that are gone are left out."""
        parts = {name: data for meta in metas for name in names_of_parts(meta) if (data := self._recent.get(name))}
        missing = [item for meta in metas for item in keys_of_parts(meta, parts)]
        found = self.table.get_many(missing)
        fresh = {
            f"{id_of(item)}/{sort}": json.dumps(item["row"]).encode()
            for (_, sort), item in found.items()
            if "row" in item
        }
        for meta in metas:
            packed = [found.get((meta[PARTITION], body_sort(meta["body"], n))) for n in range(meta["body_parts"])]
            if all(packed):
                fresh[body_name(meta)] = body_from(packed)
        for name, data in fresh.items():
            self._recent.put(name, data)
        return parts | fresh

    def _assembled(self, meta: Item, parts: dict[str, bytes]) -> Experiment:
        body, *rows = [parts[name] for name in names_of_parts(meta)]
        return experiment_from(meta, self._code(meta), body, [json.loads(row) for row in rows])

    def _code(self, meta: Item) -> str:
        name = code_key(meta["code_sha256"])
        code = self._recent.get(name)
        if code is None:
            path = self.artifacts.local(name)
            if path is None:
                raise StoreError(f"The code of {id_of(meta)} is not in the decoders bucket ({name}).")
            code = path.read_bytes()
            if hashlib.sha256(code).hexdigest() != meta["code_sha256"]:
                raise StoreError(f"The code of {id_of(meta)} in the decoders bucket is not the code that ran.")
            self._recent.put(name, code)
        return code.decode()


def is_ours(refused: Refused, write: str) -> bool:
    """Whether the write was made after all: its answer was lost, and the repeated call found its own mark."""
    return refused.found is not None and refused.found.get("write") == write


def body_name(meta: Item) -> str:
    return f"{id_of(meta)}/{meta['body']}"


def point_sorts(meta: Item) -> list[str]:
    return [point_sort(meta["points_token"], n) for n in range(meta["points"])]


def names_of_parts(meta: Item) -> list[str]:
    """What the record consists of beside META and code, as the memory names it: the body, then the points in order."""
    return [body_name(meta), *(f"{id_of(meta)}/{sort}" for sort in point_sorts(meta))]


def keys_of_parts(meta: Item, known: dict[str, bytes]) -> list[Item]:
    """The items of those parts that are not known."""
    i = id_of(meta)
    body = [] if body_name(meta) in known else [body_sort(meta["body"], n) for n in range(meta["body_parts"])]
    return [key(i, sort) for sort in [*body, *(s for s in point_sorts(meta) if f"{i}/{s}" not in known)]]
