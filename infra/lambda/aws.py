"""What both functions know of AWS and of the table: clients, items to values and back, an experiment's long texts.

The layout of the table is the lab's own (gpu_agent/store/aws/schema.py), which no function may import.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.config import Config

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
CONNECT_SECONDS, ATTEMPTS = 2, 2
READ_SECONDS = {"dynamodb": 3, "ec2": 6}
"""The table answers in milliseconds; twice this long and a pause end before the dashboard's own time does."""

Item = dict[str, Any]
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
_clients: dict[str, Any] = {}


def client(service: str) -> Any:
    """Made at the first call that needs it, and kept while the function is warm."""
    if service not in _clients:
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS[service],
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        )
        _clients[service] = boto3.client(service, endpoint_url=os.environ.get("ENDPOINT"), config=config)
    return _clients[service]


def table() -> str:
    return os.environ["TABLE"]


def packed(values: Item) -> Item:
    return {name: _serialize(value) for name, value in values.items()}


def unpacked(item: Item) -> Item:
    """Numbers as Decimal and bytes as Binary: what is written back is what was read."""
    return {name: _deserialize(value) for name, value in item.items()}


def plain(value: Any) -> Any:
    """An unpacked value in int, float, str, bool, None, bytes, dict and list alone: what is computed with and shown."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        return bytes(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def body_sorts(meta: Item) -> list[str]:
    """Sort keys of the items that hold the long texts: origin, hypothesis, error, log, limits, environment."""
    return [f"BODY#{meta['body']}#{n}" for n in range(int(meta.get("body_parts") or 0))]


def body_from(parts: Iterable[Item], most: int) -> Item:
    """The long texts from all of these items. Raises ValueError where they are damaged or more than `most` bytes."""
    return json.loads(inflated(b"".join(plain(part["data"]) for part in parts), most))


def inflated(data: bytes, most: int) -> bytes:
    """Raises ValueError where the data are not whole, or hold more than `most` bytes."""
    reader = zlib.decompressobj()
    try:
        found = reader.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError("damaged") from error
    if len(found) > most or not reader.eof:
        raise ValueError("too long, or cut off")
    return found
