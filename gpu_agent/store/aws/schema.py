"""The table and the buckets as data: the one definition, which the templates must agree with.

All items of an experiment share the partition key `EXP#<id>`; the sort key says which item it is:

META                        what changes and what is listed or filtered: status, lease, progress, title, facts, summary
BODY#<digest>#<part>        long texts (origin, error, log, warnings, limits, environment): JSON, deflated, in parts
POINT#<token>#<number>      one row of the results as native attributes; META says which token and how many count
BEST#<board>                an entry of a board of the `best` index: Y-PSNR in the transaction that ends a run, BD-rates later
OUTLINES / <id>             the facts of an outline, in a partition of their own: all are read in a few pages. Written with
                            the record that ends a run, and made again from the record where it is missing
BLIND#<test>                leads to a blind test with a point of the experiment, which is an item in a partition of its own
                            (BLIND#<test> / META), as what leads to it from its two points is (PAIR#<hash> / BLIND#<test>)
EVENT#<number>              one event; `expires` lets DynamoDB drop it after EVENT_DAYS

BODY and POINT items never change once written: META switches from one set to the next in a single conditional write,
so a reader sees a whole record and a writer without the lease changes nothing. META stays small, because every
progress report writes it (a write costs its whole size) while no index carries the progress.

The `newest` index has one partition. DynamoDB takes 1,000 writes and 3,000 reads a second there: far above what a
lab makes (an experiment writes it about five times), and the price of an order over everything without a merge.
"""

from __future__ import annotations

import hashlib

PARTITION, SORT, EXPIRES = "pk", "sk", "expires"
META = "META"
EVENT_DAYS = 90
MAX_ITEM_BYTES = 400_000

LISTED = ["title", "notes", "clip_names", "archived"]
"""What the listing's filters need beside the keys; `status`, `parent_id` and `place` follow where they are no key."""


def index(name: str, partition: str, sort: str, include: list[str] | None = None) -> dict:
    projection = (
        {"ProjectionType": "INCLUDE", "NonKeyAttributes": include} if include else {"ProjectionType": "KEYS_ONLY"}
    )
    schema = [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": projection}


TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": PARTITION, "AttributeType": "S"},
        {"AttributeName": SORT, "AttributeType": "S"},
        {"AttributeName": "listing", "AttributeType": "S"},
        {"AttributeName": "place", "AttributeType": "S"},
        {"AttributeName": "status", "AttributeType": "S"},
        {"AttributeName": "parent_id", "AttributeType": "S"},
        {"AttributeName": "queue", "AttributeType": "S"},
        {"AttributeName": "due", "AttributeType": "S"},
        {"AttributeName": "board", "AttributeType": "S"},
        {"AttributeName": "score", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": PARTITION, "KeyType": "HASH"},
        {"AttributeName": SORT, "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        # `place` is created_at|id, the cursor of a page: newest first is the index read backwards.
        index("newest", "listing", "place", [*LISTED, "status", "parent_id"]),
        index("by_status", "status", "place", [*LISTED, "parent_id"]),
        index("by_parent", "parent_id", "place", [*LISTED, "status"]),
        # Only what is queued or running. Queued: in order of creation. Running: in order of the lease's end.
        index("queue", "queue", "due", ["place"]),
        # psnr_y#<clip>: the highest Y-PSNR in dB; bd_rate#<anchor>#<clip>: BD-rate in percent, lowest is best.
        index("best", "board", "score", ["experiment_id", "clip"]),
    ],
}
TIME_TO_LIVE = {"AttributeName": EXPIRES, "Enabled": True}

LISTING = "experiments"
"""The one partition of `newest`."""

MEDIA_PREFIX = "media/"
"""Droppable artifacts, in the videos bucket: a lifecycle rule may expire them, they are made again when needed."""

CODE_PREFIX = "code/"
"""The exact code by its hash, in the decoders bucket beside the kept artifacts: code/<sha256>.py."""


OUTLINES = "OUTLINES"
"""The partition of the outlines' facts; the sort key is the experiment's id."""


def outline_key(experiment_id: str) -> dict[str, str]:
    return {PARTITION: OUTLINES, SORT: experiment_id}


def key(experiment_id: str, sort: str = META) -> dict[str, str]:
    return {PARTITION: f"EXP#{experiment_id}", SORT: sort}


def code_key(sha256: str) -> str:
    return f"{CODE_PREFIX}{sha256}.py"


def blind_key(test_id: str) -> dict[str, str]:
    return {PARTITION: f"BLIND#{test_id}", SORT: META}


def blind_of_experiment(experiment_id: str, test_id: str) -> dict[str, str]:
    return key(experiment_id, f"BLIND#{test_id}")


def blind_of_pair(pair: str, test_id: str) -> dict[str, str]:
    return {PARTITION: f"PAIR#{hashlib.sha256(pair.encode()).hexdigest()}", SORT: f"BLIND#{test_id}"}
