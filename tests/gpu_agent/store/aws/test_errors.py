"""What AWS refuses is a sentence that a person can act on, with no key in it."""

import socket

import pytest
from botocore.stub import Stubber

from gpu_agent.store import Query, StoreError
from gpu_agent.store.aws import connect, table
from gpu_agent.store.open import open_artifacts, open_experiments
from tests.gpu_agent.factory import experiment

REFUSALS = [
    ("ProvisionedThroughputExceededException", "too much at once"),
    ("ThrottlingException", "too much at once"),
    ("RequestLimitExceeded", "too much at once"),
    ("AccessDeniedException", "refuses this role"),
    ("ExpiredTokenException", "credentials are missing, wrong or expired"),
    ("UnrecognizedClientException", "credentials are missing, wrong or expired"),
    ("ResourceNotFoundException", "is not there"),
    ("InternalServerError", r"error \(InternalServerError\)"),
]


@pytest.mark.parametrize(("code", "sentence"), REFUSALS)
def test_what_the_table_refuses(store, settings, code, sentence):
    with Stubber(store.table.client) as stub:
        stub.add_client_error("get_item", code, "AKIASECRET arn:aws:iam::1:role/x")
        with pytest.raises(StoreError, match=sentence) as caught:
            store.get("261122-x")
    assert settings.dynamodb_table in str(caught.value)
    assert "AKIASECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("put_item", lambda s: s.add_event("261122-x", "log", "m")),
        ("update_item", lambda s: s.claim("261122-x", "a", 60)),
        ("update_item", lambda s: s.request_cancel("261122-x")),
        ("update_item", lambda s: s.annotate("261122-x", notes="n")),
        ("query", lambda s: s.waiting()),
        ("query", lambda s: s.queue_depth()),
        ("query", lambda s: s.page(Query())),
        ("query", lambda s: s.events("261122-x")),
    ],
)
def test_throttling_anywhere_is_the_same_sentence(store, method, call):
    store._events._last["261122-x"] = 1
    with Stubber(store.table.client) as stub:
        stub.add_client_error(method, "ThrottlingException")
        with pytest.raises(StoreError, match="too much at once"):
            call(store)


@pytest.fixture
def impatient(monkeypatch):
    """Backing off takes no time."""
    monkeypatch.setattr(table.random, "uniform", lambda *_: 0)


def test_a_batch_that_is_never_taken_ends_in_a_sentence(store, monkeypatch, impatient):
    refuse = lambda RequestItems: {"UnprocessedItems": RequestItems}
    monkeypatch.setattr(store.table.client, "batch_write_item", refuse)
    with pytest.raises(StoreError, match="too much at once"):
        store.create(experiment())


def test_batches_that_are_taken_in_parts_are_finished(store, monkeypatch, impatient):
    write, read = store.table.client.batch_write_item, store.table.client.batch_get_item
    name = store.table.name

    def write_one(RequestItems):
        write(RequestItems={name: RequestItems[name][:1]})
        return {"UnprocessedItems": {name: RequestItems[name][1:]} if RequestItems[name][1:] else {}}

    def read_one(RequestItems):
        asked = RequestItems[name]["Keys"]
        rest = {name: {"Keys": asked[1:]}} if asked[1:] else {}
        return read(RequestItems={name: {"Keys": asked[:1], "ConsistentRead": True}}) | {"UnprocessedKeys": rest}

    monkeypatch.setattr(store.table.client, "batch_write_item", write_one)
    monkeypatch.setattr(store.table.client, "batch_get_item", read_one)
    made = [experiment(log=str(n)) for n in range(5)]
    for e in made:
        assert store.create(e)
    store._parts.recent = type(store._parts.recent)()
    assert {e.id: e for e in store.page(Query()).items} == {e.id: e for e in made}


def test_a_conflict_with_a_transaction_is_tried_again(store, impatient, monkeypatch):
    e = experiment()
    store.create(e)
    update, refused = store.table.client.update_item, []

    def conflict_first(**arguments):
        if not refused:
            refused.append(1)
            with Stubber(store.table.client) as stub:
                stub.add_client_error("update_item", "TransactionConflictException")
                return update(**arguments)
        return update(**arguments)

    monkeypatch.setattr(store.table.client, "update_item", conflict_first)
    assert store.annotate(e.id, notes="kept")
    assert (store.get(e.id).notes, refused) == ("kept", [1])


def test_a_table_or_bucket_that_is_not_there(settings):
    store = open_experiments(settings.model_copy(update={"dynamodb_table": "nowhere"}))
    with pytest.raises(StoreError, match="The table nowhere in eu-west-1 is not there"):
        store.waiting()
    artifacts = open_artifacts(settings.model_copy(update={"videos_bucket": "no-b", "decoders_bucket": "no-a"}))
    for call in (
        lambda: artifacts.put_bytes("261122-x/f", b""),
        lambda: artifacts.local("261122-x/f"),
        lambda: artifacts.keys("261122-x"),
    ):
        with pytest.raises(StoreError, match="The bucket no-a is not there"):
            call()


@pytest.mark.parametrize("name", ["dynamodb_table", "videos_bucket", "decoders_bucket"])
def test_a_name_that_is_not_set(settings, name):
    with pytest.raises(StoreError, match=f"CODEC_LAB_{name.upper()} is not set"):
        open_experiments(settings.model_copy(update={name: ""}))


def test_no_credentials(settings, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    connect.session.cache_clear()
    try:
        for call in (open_experiments(settings).waiting, lambda: open_artifacts(settings).local("261122-x/f")):
            with pytest.raises(StoreError, match="credentials are missing"):
                call()
    finally:
        connect.session.cache_clear()


def test_nobody_answers(settings, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # the SDK's own pauses between attempts
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        gone = settings.model_copy(update={"aws_endpoint_url": f"http://127.0.0.1:{taken.getsockname()[1]}"})
        store, artifacts = open_experiments(gone), open_artifacts(gone)
        with pytest.raises(StoreError, match="does not answer"):
            store.waiting()
        with pytest.raises(StoreError, match="does not answer"):
            artifacts.local("261122-x/f")


def test_an_endpoint_that_is_no_address(settings):
    with pytest.raises(StoreError, match="CODEC_LAB_AWS_ENDPOINT_URL is no address"):
        open_experiments(settings.model_copy(update={"aws_endpoint_url": "not an address"}))


def test_an_upload_that_is_refused_leaves_the_file_where_it_was(artifacts, tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"bits")
    with Stubber(artifacts.s3) as stub:
        stub.add_client_error("put_object", "SlowDown")
        with pytest.raises(StoreError, match="too much at once"):
            artifacts.put_file("261122-x/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"bits"
    assert artifacts.local("261122-x/f") is None
