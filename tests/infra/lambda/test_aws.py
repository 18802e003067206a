"""What both functions share: values, long texts that are not what they should be, and limits that hold together."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from decimal import Decimal

import pytest

from gpu_agent.store.aws.items import body_from, body_items
from gpu_agent.store.aws.values import loaded, stored
from tests.infra.cloudformation.templates import template
from tests.stubs.lambdas import load

VALUES = {"int": 3, "float": 0.1, "text": "ä", "none": None, "yes": True, "bytes": b"\0x", "deep": [{"a": [1, 2.5]}]}


@pytest.fixture(scope="module")
def shared():
    return load("aws")


def timeout_of(name: str) -> int:
    return template("lambda")["Resources"][name]["Properties"]["Timeout"]


def test_values_are_what_the_store_reads(shared):
    item = stored(VALUES)
    assert shared.plain(shared.unpacked(item)) == loaded(item) == VALUES
    assert shared.packed(shared.unpacked(item)) == item, "what is written back is what was read"
    assert isinstance(shared.unpacked(item)["float"], Decimal)


def test_long_texts_in_parts_are_put_together(shared):
    text = json.dumps({"log": "".join(chr(33 + n * n % 90) for n in range(1000)), "error": None}).encode()
    parts = [shared.unpacked(stored(item)) for item in body_items("abc", text)]
    half = len(parts[0]["data"].value) // 2
    halves = [{"data": parts[0]["data"].value[:half]}, {"data": parts[0]["data"].value[half:]}]
    assert shared.body_from(parts, 10_000) == shared.body_from(halves, 10_000) == json.loads(body_from(halves))


@pytest.mark.parametrize("data", [b"", b"no deflate", zlib.compress(b"x" * 100)[:-5], zlib.compress(b"x" * 101)])
def test_what_is_damaged_cut_off_or_too_long_is_one_error(shared, data):
    with pytest.raises(ValueError, match=r"damaged|too long"):
        shared.inflated(data, 100)
    assert len(shared.inflated(zlib.compress(b"x" * 100), 100)) == 100


def test_a_bomb_is_not_unpacked(shared):
    bomb = zlib.compress(bytes(20_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="too long"):
            shared.inflated(bomb, 1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_table_that_hangs_is_said_before_the_function_is_ended(environment):
    """Otherwise the visitor gets CloudFront's 502 instead of the page that says it. Between two tries: a second at most."""
    config = load("aws").client("dynamodb").meta.config
    tries = config.retries["total_max_attempts"]
    assert tries * config.read_timeout + (tries - 1) < timeout_of("Dashboard") - 1


def test_a_client_is_made_once_and_late(environment):
    module = load("aws")
    assert module._clients == {}
    assert module.client("dynamodb") is module.client("dynamodb")
