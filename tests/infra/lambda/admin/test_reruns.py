"""What a rerun is made from: a record that changes meanwhile, or is not whole."""

from __future__ import annotations

import pytest

from tests.stubs.lambdas import load

from ..conftest import TABLE, finished


@pytest.fixture
def module(store, environment):
    return load("admin.reruns")


def test_parts_that_are_gone_are_those_of_an_older_record(store, module, monkeypatch):
    original = finished(store)
    now = module.found(original.id)
    answers = iter([now | {"body": "0" * 32}, now])
    monkeypatch.setattr(module, "found", lambda _: next(answers))
    made = module.rerun(original.id, "abcd1234")
    assert store.get(made["experiment_id"]).rerun_of == original.id


@pytest.mark.parametrize("data", [None, b"", b"damaged"])
def test_a_record_that_is_not_whole_is_said(store, module, aws, data):
    original = finished(store)
    meta = module.found(original.id)
    key = {"pk": {"S": meta["pk"]}, "sk": {"S": f"BODY#{meta['body']}#0"}}
    if data is None:
        aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    else:
        aws.client("dynamodb").put_item(TableName=TABLE, Item=key | {"data": {"B": data}})
    with pytest.raises(module.Refused, match="is not whole") as refused:
        module.rerun(original.id, "abcd1234")
    assert refused.value.code == "not_whole"
    assert store.waiting() == []
