"""Blind tests on DynamoDB: an item a test, written only over the version that was read; and items that lead to it.

What leads to a test is written before it, so one that is there is always found; what leads to none is passed over.
Thousands of answers fit into what an item may hold.
"""

from __future__ import annotations

import zlib

from ...blind import BlindTest, pair_of
from ..blind import read_test
from ..protocols import Versioned
from ..settings import StoreSettings
from .connect import client, required
from .schema import PARTITION, SORT, blind_key, blind_of_experiment, blind_of_pair
from .table import Change, Item, Refused, Table

SAME = "#version = :version"


class DynamoBlind:
    """`BlindStore`. Safe for several threads, processes and machines."""

    def __init__(self, table: Table):
        self.table = table

    @classmethod
    def from_settings(cls, settings: StoreSettings) -> DynamoBlind:
        name = required("dynamodb_table", settings.dynamodb_table)
        return cls(Table(client("dynamodb", settings), name))

    def create(self, test: BlindTest) -> bool:
        if self.get(test.id) is not None:
            return False
        leading = [blind_of_pair(pair_of(*test.points), test.id)]
        leading += [blind_of_experiment(experiment_id, test.id) for experiment_id in test.experiments]
        self.table.put_many(leading)
        try:
            self.table.put_new(blind_key(test.id) | {"version": 1, "test": packed(test)})
        except Refused as taken:
            return taken.found is not None and bytes(taken.found["test"]) == packed(test)  # our own, the answer lost
        return True

    def get(self, test_id: str) -> Versioned | None:
        item = self.table.get(blind_key(test_id))
        return Versioned(read(item), item["version"]) if item else None

    def replace(self, test: BlindTest, version: int) -> bool:
        data = packed(test)
        try:
            change = Change(version=version + 1, test=data)
            self.table.update(blind_key(test.id), change, SAME, {"version": version})
        except Refused as refused:
            found = refused.found  # a write whose answer was lost finds itself
            return found is not None and found["version"] == version + 1 and found["test"] == data
        return True

    def of_pair(self, pair: str) -> list[BlindTest]:
        return self._led_to(blind_of_pair(pair, ""))

    def of_experiment(self, experiment_id: str) -> list[BlindTest]:
        return self._led_to(blind_of_experiment(experiment_id, ""))

    def _led_to(self, start: Item) -> list[BlindTest]:
        """Tests that the items under this key's beginning lead to."""
        condition = f"#{PARTITION} = :id AND #{SORT} BETWEEN :first AND :last"
        values = {"id": start[PARTITION], "first": start[SORT], "last": f"{start[SORT]}~"}
        leading = [item[SORT].removeprefix(start[SORT]) for item in self.table.query(condition, values)]
        found = self.table.get_many(blind_key(test_id) for test_id in leading)
        return sorted(map(read, found.values()), key=lambda test: (test.created_at, test.id), reverse=True)


def packed(test: BlindTest) -> bytes:
    return zlib.compress(test.model_dump_json().encode())


def read(item: Item) -> BlindTest:
    return read_test(zlib.decompress(item["test"]).decode())
