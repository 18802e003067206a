"""Fixtures over the stub of AWS, for every test folder that needs it: import them into its conftest.py."""

from __future__ import annotations

import itertools

import pytest

from gpu_agent.store.settings import StoreSettings
from tests.stubs import aws

__all__ = ["aws_settings", "aws_url", "credentials"]

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def aws_url():
    with aws.aws_server() as url:
        yield url


@pytest.fixture
def credentials(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def aws_settings(aws_url, credentials, tmp_path):
    """Settings of a lab on AWS with a table and buckets of its own."""
    names = aws.make_homes(aws_url, f"t{next(NUMBERS)}")
    return StoreSettings(
        store="aws",
        data=tmp_path / "data",
        aws_region=aws.REGION,
        aws_endpoint_url=aws_url,
        dynamodb_table=names.table,
        videos_bucket=names.videos,
        decoders_bucket=names.decoders,
    )
