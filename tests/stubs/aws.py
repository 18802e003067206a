"""DynamoDB and S3 over real HTTP, in this process: moto's server, with the table and the buckets that the stores use.

Requests are taken one at a time, because DynamoDB promises that a conditional write is atomic and moto, which reads
and writes plain dictionaries, does not. Everything else about concurrency is real: many clients, many connections.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from gpu_agent.store.aws.schema import TABLE, TIME_TO_LIVE

REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
"""What the SDK needs in the environment. Not a real key, and no other source is looked at."""


class Names(NamedTuple):
    """The table and buckets of one test."""

    table: str
    videos: str
    decoders: str


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


class OneAtATime:
    def __init__(self, app):
        self.app, self.lock = app, threading.Lock()

    def __call__(self, environ, start_response):
        with self.lock:
            return list(self.app(environ, start_response))


@contextmanager
def aws_server() -> Iterator[str]:
    """The server's address while it runs."""
    app = OneAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def client(service: str, url: str):
    """The tests' own client, apart from the product's: it makes the homes and looks into them."""
    return boto3.session.Session().client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def make_homes(url: str, name: str) -> Names:
    """An empty table and two empty buckets, as the templates make them."""
    names = Names(f"{name}-experiments", f"{name}-videos", f"{name}-decoders")
    database, s3 = client("dynamodb", url), client("s3", url)
    database.create_table(TableName=names.table, **TABLE)
    database.update_time_to_live(TableName=names.table, TimeToLiveSpecification=TIME_TO_LIVE)
    for bucket in (names.videos, names.decoders):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return names
