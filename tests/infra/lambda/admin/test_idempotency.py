"""One key, one call, whatever happens in between: to the caller, to the function, or to an answer on its way."""

from __future__ import annotations

import pytest

from tests.infra.cloudformation.templates import template
from tests.stubs.lambdas import load

from ..conftest import TABLE

KEY, CALL = "test-key-1", {"action": "cancel", "experiment_id": "abc"}


@pytest.fixture
def module(store, environment):
    return load("admin.idempotency")


def age(aws) -> None:
    """As if the call had begun long ago."""
    aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"CALL#{KEY}"}, "sk": {"S": "META"}},
        UpdateExpression="SET begun = :long",
        ExpressionAttributeValues={":long": {"N": "1000"}},
    )


def dies(token: str):
    raise RuntimeError("the function was killed")


def test_what_died_is_taken_over_by_one_of_those_who_ask_again(module, aws, monkeypatch):
    with pytest.raises(RuntimeError):
        module.once(KEY, CALL, dies)
    age(aws)
    stale, done = module.get(f"CALL#{KEY}", "META"), []

    def refused() -> list[str]:
        """Of one who asks later, and of one who had read the mark before it was taken over."""
        codes = []
        for read in (module.get, lambda *_: stale):
            with monkeypatch.context() as patch:
                patch.setattr(module, "get", read)
                try:
                    module.once(KEY, CALL, do)
                except module.Refused as error:
                    codes.append(error.code)
        return codes

    def do(token: str) -> dict:
        done.append(token)
        assert refused() == ["in_progress"] * 2
        return {"done": 1}

    assert module.once(KEY, CALL, do) == {"done": 1}
    assert refused() == ["in_progress"], "whoever asks later is answered"
    assert module.once(KEY, CALL, do) == {"done": 1}
    assert done == [stale["token"]]


def test_a_mark_whose_own_answer_was_lost_is_nobody_elses(module, monkeypatch):
    """The client asks again where an answer is lost, and is then told that the key is taken: by itself."""
    real = module.put
    monkeypatch.setattr(module, "put", lambda *item, **more: real(*item, **more) and False)
    assert module.once(KEY, CALL, lambda token: {"done": 1}) == {"done": 1}


def test_nothing_is_taken_over_that_may_still_run(module):
    assert template("lambda")["Resources"]["Admin"]["Properties"]["Timeout"] < module.STALE_SECONDS
