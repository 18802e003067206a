"""Calls of the table: paging, unprocessed rests and conditions handled, every error a sentence."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from ..protocols import StoreError
from .errors import code_of, sentences
from .schema import PARTITION, SORT
from .values import loaded, stored

READ_TOGETHER, WRITTEN_TOGETHER = 100, 25
ROUNDS = 8
WITHIN_TRANSACTION = 100
Item = dict[str, Any]


class Refused(Exception):
    """A condition did not hold. `found`: the item as it is, or None where there is none."""

    def __init__(self, found: Item | None):
        super().__init__("condition not met")
        self.found = found


class Table:
    """One table, keys and values as plain Python. Reads are strongly consistent, except those of an index."""

    def __init__(self, client, name: str):
        self.client, self.name = client, name
        self.what = f"The table {name} in {client.meta.region_name}"

    def get(self, key: Item) -> Item | None:
        with sentences(self.what):
            answer = self.client.get_item(TableName=self.name, Key=stored(key), ConsistentRead=True)
        return loaded(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Item]) -> dict[tuple[str, str], Item]:
        """The items that are there, by partition and sort key."""
        left, found = [stored(key) for key in keys], {}
        patience = 0
        while left:
            asked, left = left[:READ_TOGETHER], left[READ_TOGETHER:]
            with sentences(self.what):
                answer = self.client.batch_get_item(RequestItems={self.name: {"Keys": asked, "ConsistentRead": True}})
            for raw in answer["Responses"].get(self.name, []):
                item = loaded(raw)
                found[item[PARTITION], item[SORT]] = item
            rest = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            patience = self._wait(patience, rest, asked)
            left = rest + left
        return found

    def put_many(self, items: Iterable[Item]) -> None:
        self._write_many([{"PutRequest": {"Item": stored(item)}} for item in items])

    def delete_many(self, keys: Iterable[Item]) -> None:
        self._write_many([{"DeleteRequest": {"Key": stored(key)}} for key in keys])

    def _write_many(self, left: list[dict]) -> None:
        patience = 0
        while left:
            sent, left = left[:WRITTEN_TOGETHER], left[WRITTEN_TOGETHER:]
            with sentences(self.what):
                answer = self.client.batch_write_item(RequestItems={self.name: sent})
            rest = answer.get("UnprocessedItems", {}).get(self.name, [])
            patience = self._wait(patience, rest, sent)
            left = rest + left

    def _wait(self, patience: int, rest: list, sent: list) -> int:
        """Back off while nothing at all of a batch is taken; give up after ROUNDS of it."""
        if len(rest) < len(sent):
            return 0
        if patience >= ROUNDS:
            raise StoreError(f"{self.what} is asked for too much at once. Try again in a moment.")
        time.sleep(random.uniform(0, 0.02 * 2**patience))
        return patience + 1

    def put_new(self, item: Item) -> None:
        """Raises Refused where the key is taken."""
        self._conditional(
            self.client.put_item, Item=stored(item), ConditionExpression=f"attribute_not_exists({PARTITION})"
        )

    def update(self, key: Item, change: Change, condition: str, values: Item | None = None) -> Item:
        """The item as it is afterwards. Raises Refused where `condition` (over `values`, all names as #name) fails."""
        call = change.call(condition, values or {})
        answer = self._conditional(self.client.update_item, Key=stored(key), ReturnValues="ALL_NEW", **call)
        return loaded(answer["Attributes"])

    def update_and_put(self, key: Item, change: Change, condition: str, values: Item, items: list[Item]) -> None:
        """As `update`, with up to 99 further items written in the same transaction. Raises Refused(None)."""
        update = {"TableName": self.name, "Key": stored(key), **change.call(condition, values)}
        puts = [{"Put": {"TableName": self.name, "Item": stored(item)}} for item in items]
        for patience in range(ROUNDS + 1):
            try:
                with sentences(self.what):
                    self.client.transact_write_items(TransactItems=[{"Update": update}, *puts])
                return
            except StoreError as e:
                reasons = cancelled(e.__cause__)
                if "ConditionalCheckFailed" in reasons:
                    raise Refused(None) from None
                if patience == ROUNDS or "TransactionConflict" not in reasons:
                    raise
            time.sleep(random.uniform(0, 0.02 * 2**patience))

    def _conditional(self, call, **arguments) -> dict:
        """One conditional write. One that meets a transaction on the same item is tried again."""
        for patience in range(ROUNDS + 1):
            try:
                with sentences(self.what):
                    return call(TableName=self.name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **arguments)
            except StoreError as e:
                code = code_of(e.__cause__)
                if code == "ConditionalCheckFailedException":
                    found = e.__cause__.response.get("Item")
                    raise Refused(loaded(found) if found else None) from None
                if patience == ROUNDS or code != "TransactionConflictException":
                    raise
            time.sleep(random.uniform(0, 0.02 * 2**patience))
        raise AssertionError("unreachable")

    def query(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        backwards: bool = False,
        limit: int | None = None,
        page: int | None = None,
        only: tuple[str, ...] = (),
    ) -> Iterator[Item]:
        """Items in the order of the sort key, at most `limit`; read `page` at a time. Names are written #name."""
        used = names_in(condition) | {f"#{n}": n for n in only}
        call: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": used,
            "ExpressionAttributeValues": stored({f":{k}": v for k, v in values.items()}),
            "ScanIndexForward": not backwards,
        }
        call |= {"IndexName": index} if index else {"ConsistentRead": True}
        call |= {"ProjectionExpression": ", ".join(f"#{n}" for n in only)} if only else {}
        count = 0
        while limit is None or count < limit:
            sizes = [n for n in (page, None if limit is None else limit - count) if n is not None]
            with sentences(self.what):
                answer = self.client.query(**call, **({"Limit": min(sizes)} if sizes else {}))
            for raw in answer["Items"]:
                count += 1
                yield loaded(raw)
            if "LastEvaluatedKey" not in answer:
                return
            call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def count(self, condition: str, values: Item, *, index: str) -> int:
        call: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "Select": "COUNT",
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names_in(condition),
            "ExpressionAttributeValues": stored({f":{k}": v for k, v in values.items()}),
        }
        total = 0
        while True:
            with sentences(self.what):
                answer = self.client.query(**call)
            total += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return total
            call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class Change:
    """What an update sets and removes. Attributes that it does not name stay as they are, whoever writes them."""

    def __init__(self, *, remove: Iterable[str] = (), increase: str | None = None, **sets: Any):
        self.sets, self.remove, self.increase = sets, list(remove), increase

    def call(self, condition: str, values: Item) -> dict[str, Any]:
        parts = [f"#{name} = :set_{name}" for name in self.sets]
        parts += [f"#{self.increase} = #{self.increase} + :one"] if self.increase else []
        text = f"SET {', '.join(parts)}"
        text += f" REMOVE {', '.join(f'#{name}' for name in self.remove)}" if self.remove else ""
        given = {f":set_{k}": v for k, v in self.sets.items()} | {f":{k}": v for k, v in values.items()}
        given |= {":one": 1} if self.increase else {}
        return {
            "UpdateExpression": text,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names_in(f"{text} {condition}"),
            "ExpressionAttributeValues": stored(given),
        }


def names_in(expression: str) -> dict[str, str]:
    """Every `#name` of an expression: DynamoDB reserves hundreds of words, so no name is written bare."""
    words = expression.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word: word[1:] for word in words if word.startswith("#")}


def cancelled(error: BaseException | None) -> list[str]:
    """Why a transaction was not made, by item; empty for any other error."""
    if not isinstance(error, ClientError) or code_of(error) != "TransactionCanceledException":
        return []
    return [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
