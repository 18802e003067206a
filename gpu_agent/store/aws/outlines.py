"""Outlines on DynamoDB: the facts in a partition of their own, the rest from the index of the listing.

Both are read in pages of a megabyte, so thousands of experiments take a handful of calls. Facts that are missing or
cannot be read are made again from the record and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from ...models import Experiment
from ...outline import Facts, Outline, facts_of, outline_of
from ..protocols import StoreError
from .listing import id_of
from .schema import LISTING, OUTLINES, PARTITION, SORT, key, outline_key
from .table import Change, Item, Refused, Table

TOGETHER = 25
"""Records loaded at once while facts are made again."""


class Outlines:
    def __init__(self, table: Table):
        self._table = table

    def keep(self, experiment: Experiment) -> None:
        """A record that is new. Where this fails the next listing makes up for it."""
        with suppress(StoreError):
            self._table.put_many([outline_item(experiment)])

    def change(self, experiment_id: str, changes: dict[str, Any]) -> None:
        """Nothing where there are no facts yet."""
        found = self._table.get(outline_key(experiment_id))
        if found is None:
            return
        with suppress(Refused, ValidationError):
            facts = Facts.model_validate_json(found["facts"]).model_copy(update=changes).model_dump_json()
            condition = f"attribute_exists(#{PARTITION}) AND #facts = :before"
            self._table.update(outline_key(experiment_id), Change(facts=facts), condition, {"before": found["facts"]})
            return
        self._table.delete_many([outline_key(experiment_id)])  # changed meanwhile or of another version: made again

    def all(self, load: Callable[[list[Item]], list[Experiment]]) -> list[Outline]:
        """Newest first. `load` makes records of META items."""
        stored = self._table.query(f"#{PARTITION} = :outlines", {"outlines": OUTLINES})
        texts = {item[SORT]: item["facts"] for item in stored}
        entries = list(self._table.query("#listing = :listing", {"listing": LISTING}, index="newest", backwards=True))
        known = {id_of(e): outline_from(e, texts.get(id_of(e))) for e in entries}
        missing = [name for name, outline in known.items() if outline is None]
        known |= self._again(missing, load)
        return [outline for e in entries if (outline := known[id_of(e)]) is not None]

    def _again(self, ids: list[str], load: Callable[[list[Item]], list[Experiment]]) -> dict[str, Outline]:
        found: dict[str, Outline] = {}
        for start in range(0, len(ids), TOGETHER):
            metas = self._table.get_many(key(name) for name in ids[start : start + TOGETHER])
            for meta in metas.values():
                with suppress(StoreError):  # one that another version wrote has no outline
                    (record,) = load([meta])
                    found[record.id] = outline_of(record)
                    self.keep(record)
        return found


def outline_item(experiment: Experiment) -> Item:
    return outline_key(experiment.id) | {"facts": facts_of(experiment).model_dump_json()}


def outline_from(entry: Item, facts: str | None) -> Outline | None:
    """From an entry of the index; None where the facts are missing or of another version."""
    if facts is None:
        return None
    try:
        return Outline(
            id=id_of(entry),
            title=entry["title"],
            status=entry["status"],
            created_at=entry["place"].rpartition("|")[0],
            parent_id=entry.get("parent_id"),
            archived=entry["archived"],
            facts=Facts.model_validate_json(facts),
        )
    except ValidationError:
        return None
