"""What a record consists of beside META: its code in S3, its body and its points as items of its partition.

All three are written before META makes them the record, under names that never change what lies there: the code under
its hash, the body under its digest, the points under a token. What is read once is kept in memory by these names.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import suppress

from ...models import Experiment, Lease
from ..protocols import ArtifactStore, StoreError
from .items import body_from, body_items, body_of, body_sort, digest_of, experiment_from, point_item, point_sort
from .listing import id_of
from .recent import Recent
from .schema import PARTITION, SORT, code_key, key
from .table import Item, Table

ROUNDS = 5
"""How often a record is read again that changes meanwhile."""


class Parts:
    """Writes, reads and removes them. `recent` is what this process has seen of them."""

    def __init__(self, table: Table, artifacts: ArtifactStore):
        self._table, self._artifacts = table, artifacts
        self.recent = Recent()
        self._runs: dict[tuple[str, int], tuple[str, list[str]]] = {}

    def keep_code(self, e: Experiment) -> None:
        code = e.code.encode()
        if hashlib.sha256(code).hexdigest() != e.code_sha256:
            raise StoreError(f"The record of {e.id} names another hash than its code has; it is not stored.")
        if self.recent.get(code_key(e.code_sha256)) is None:
            self._artifacts.put_bytes(code_key(e.code_sha256), code)
            self.recent.put(code_key(e.code_sha256), code)

    def keep_body(self, e: Experiment) -> Item:
        """Write the body unless this process knows it is there; how META refers to it."""
        body = body_of(e)
        digest, items = digest_of(body), body_items(e.id, body)
        if self.recent.get(f"{e.id}/{digest}") is None:
            self._table.put_many(items)
            self.recent.put(f"{e.id}/{digest}", body)
        return {"body": digest, "body_parts": len(items)}

    def new_points(self, e: Experiment) -> str:
        """Write all rows under a token of their own."""
        token = secrets.token_hex(6)
        self._table.put_many(point_item(e.id, token, n, row) for n, row in enumerate(e.results))
        return token

    def keep_points(self, e: Experiment, lease: Lease) -> str:
        """Write the rows that this run has not written yet; the token that they lie under.

        Rows under a token never change: another row in the same position begins a new token, known to nobody else.
        """
        rows = [row.model_dump_json() for row in e.results]
        token, known = self._runs.get((e.id, lease.fence), ("", []))
        if not token or rows[: len(known)] != known:
            token, known = secrets.token_hex(6), []
        fresh = range(len(known), len(rows))
        self._table.put_many(point_item(e.id, token, n, e.results[n]) for n in fresh)
        self._runs[e.id, lease.fence] = (token, rows)
        return token

    def forget(self, experiment_id: str, lease: Lease) -> None:
        """The run under this lease saves no more points."""
        self._runs.pop((experiment_id, lease.fence), None)

    def drop_points(self, experiment_id: str, token: str) -> None:
        """Remove the rows of a write that was refused, unless an earlier one of the same run made them the record."""
        with suppress(StoreError):  # what stays is pointed to by nothing
            meta = self._table.get(key(experiment_id))
            if meta is not None and meta["points_token"] != token:
                self._delete(experiment_id, f"POINT#{token}#", f"POINT#{token}#~", lambda _: True)

    def sweep(self, experiment_id: str, token: str, body: str) -> None:
        """Remove what earlier saves and attempts left. The record is written, so a failure here is nobody's loss."""
        used = (f"POINT#{token}#", f"BODY#{body}#")
        with suppress(StoreError):
            for first, last in (("BODY#", "BODY#~"), ("POINT#", "POINT#~")):
                self._delete(experiment_id, first, last, lambda sort: not sort.startswith(used))

    def _delete(self, experiment_id: str, first: str, last: str, unused: Callable[[str], bool]) -> None:
        values = {"id": key(experiment_id)[PARTITION], "first": first, "last": last}
        condition = f"#{PARTITION} = :id AND #{SORT} BETWEEN :first AND :last"
        found = self._table.query(condition, values, only=(PARTITION, SORT))
        self._table.delete_many([item for item in found if unused(item[SORT])])

    def load(self, metas: list[Item]) -> list[Experiment]:
        """Whole records. Parts that a sweep removed meanwhile are those of an older META, so that is read again."""
        for _ in range(ROUNDS):
            parts = self._fetched(metas)
            broken = [meta for meta in metas if not parts.keys() >= set(names_of_parts(meta))]
            if not broken:
                return [self._assembled(meta, parts) for meta in metas]
            fresh = self._table.get_many(key(id_of(meta)) for meta in broken)
            metas = [fresh.get((meta[PARTITION], meta[SORT]), meta) for meta in metas]
        raise StoreError(
            f"The record of {id_of(broken[0])} is not whole: parts of it are missing in {self._table.name}."
        )

    def _fetched(self, metas: list[Item]) -> dict[str, bytes]:
        """Bodies and points by name, from memory or in as few calls as possible. Those that are gone are left out."""
        parts = {name: data for meta in metas for name in names_of_parts(meta) if (data := self.recent.get(name))}
        missing = [item for meta in metas for item in keys_of_parts(meta, parts)]
        found = self._table.get_many(missing)
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
            self.recent.put(name, data)
        return parts | fresh

    def _assembled(self, meta: Item, parts: dict[str, bytes]) -> Experiment:
        body, *rows = [parts[name] for name in names_of_parts(meta)]
        return experiment_from(meta, self._code(meta), body, [json.loads(row) for row in rows])

    def _code(self, meta: Item) -> str:
        name = code_key(meta["code_sha256"])
        code = self.recent.get(name)
        if code is None:
            path = self._artifacts.local(name)
            if path is None:
                raise StoreError(f"The code of {id_of(meta)} is not in the decoders bucket ({name}).")
            code = path.read_bytes()
            if hashlib.sha256(code).hexdigest() != meta["code_sha256"]:
                raise StoreError(f"The code of {id_of(meta)} in the decoders bucket is not the code that ran.")
            self.recent.put(name, code)
        return code.decode()


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
