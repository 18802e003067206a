"""Pages of experiments: an index is read newest first, filtered here, and the records are fetched consistently.

The filters work on what the index carries, with the same meaning as the local store's: words are looked for
literally, ASCII letters in either case. An index lags by moments, so every filter is applied again to the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...models import Experiment
from ..protocols import Page, Query
from .schema import LISTING, key
from .table import Table

Item = dict[str, Any]
MAX_SCANNED = 10_000
"""Entries of the index that one page may read. A rare word in a large store gives a short page and a cursor."""
MAX_KEY_BYTES = 1000
SEARCHED = ("title", "id", "clip_names", "notes", "status")
LOWER = str.maketrans({c: c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})


def page_of(table: Table, query: Query, load: Callable[[list[Item]], list[Experiment]]) -> Page:
    """`load` makes records of META items."""
    metas, scanned, last = [], 0, None
    for entries in batches(candidates(table, query), 25 if filtered(query) else query.limit + 1):
        scanned, last = scanned + len(entries), entries[-1]["place"]
        wanted = [key(id_of(entry)) for entry in entries if matches(entry, query)]
        found = table.get_many(wanted)
        metas += [m for w in wanted if (m := found.get(tuple(w.values()))) is not None and matches(m, query)]
        if len(metas) > query.limit or scanned >= MAX_SCANNED:
            break
    else:
        last = None
    chosen = metas[: query.limit]
    if len(metas) > query.limit:
        last = chosen[-1]["place"] if chosen else query.before
    return Page(load(chosen), last)


def candidates(table: Table, query: Query) -> Iterator[Item]:
    """Entries of the narrowest index, newest first, from the cursor on."""
    if query.parent_id:
        index, name, value = "by_parent", "parent_id", query.parent_id
    elif query.status:
        index, name, value = "by_status", "status", query.status.value
    else:
        index, name, value = "newest", "listing", LISTING
    if len(value.encode()) > MAX_KEY_BYTES:
        return iter(())
    condition, values = f"#{name} = :value", {"value": value}
    if query.before:
        before = query.before.encode()[:MAX_KEY_BYTES].decode(errors="ignore")
        condition, values = f"{condition} AND #place < :before", values | {"before": before}
    size = None if filtered(query) else query.limit + 1
    return table.query(condition, values, index=index, backwards=True, page=size)


def filtered(query: Query) -> bool:
    """Whether most entries of the index may be left out, so that more of it is read at once."""
    return bool(query.text or query.clip)


def matches(item: Item, query: Query) -> bool:
    """Whether an entry of an index or a META item is what the query asks for."""
    if query.archived is not None and item["archived"] != query.archived:
        return False
    if query.status and item["status"] != query.status:
        return False
    if query.parent_id and item.get("parent_id") != query.parent_id:
        return False
    if query.clip and f" {query.clip} " not in item["clip_names"]:
        return False
    texts = [text.translate(LOWER) for text in (item[f] if f != "id" else id_of(item) for f in SEARCHED)]
    return all(any(word in text for text in texts) for word in (query.text or "").translate(LOWER).split())


def id_of(item: Item) -> str:
    return item["pk"].removeprefix("EXP#")


def batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
