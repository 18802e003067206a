"""A moto server (AWS over real HTTP) for the tests of functions and deployment, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
ACCOUNT = DEFAULT_ACCOUNT_ID
IMAGE = "ami-12c6146b"
"""One of the images that moto knows."""


class Aws:
    """Where the server is, and plain clients of it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str):
        return client(self.url, service)


@cache
def client(url: str, service: str):
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id="t", aws_secret_access_key="t")


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_server, monkeypatch) -> Aws:
    from moto.backends import get_backend
    from moto.core.base_backend import BackendDict

    for name in ("dynamodb", "s3", "ec2", "ssm", "cloudformation", "iam", "logs", "awslambda", "sts", "secretsmanager"):
        backend = get_backend({"awslambda": "lambda"}.get(name, name))
        assert isinstance(backend, BackendDict)
        backend.reset()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "t")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return Aws(moto_server)
