"""Single items, read consistently and written conditionally; what may be written twice at once says so by False."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from aws import Item, client, packed, table, unpacked


def get(pk: str, sk: str) -> Item | None:
    reply = client("dynamodb").get_item(TableName=table(), Key=packed({"pk": pk, "sk": sk}), ConsistentRead=True)
    return unpacked(reply["Item"]) if "Item" in reply else None


def put(item: Item, *, new: bool = False) -> bool:
    """False, and nothing written, where `new` is asked and the key is taken."""
    condition = {"ConditionExpression": "attribute_not_exists(pk)"} if new else {}
    try:
        client("dynamodb").put_item(TableName=table(), Item=packed(item), **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def change(pk: str, sk: str, sets: Item, condition: str, values: Item, remove: tuple[str, ...] = ()) -> bool:
    """False, and nothing changed, where the condition (over #status and what is set) does not hold."""
    text = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
    text += " REMOVE " + ", ".join(f"#{name}" for name in remove) if remove else ""
    names = {f"#{name}": name for name in (*sets, *remove)} | ({"#status": "status"} if "#status" in condition else {})
    try:
        client("dynamodb").update_item(
            TableName=table(),
            Key=packed({"pk": pk, "sk": sk}),
            UpdateExpression=text,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=packed({f":{name}": value for name, value in {**sets, **values}.items()}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def query(condition: str, values: Item, names: dict[str, str], **more: Any) -> Item:
    return client("dynamodb").query(
        TableName=table(),
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=packed(values),
        **more,
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
