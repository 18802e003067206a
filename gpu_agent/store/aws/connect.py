"""Clients of AWS from the settings: short timeouts, few retries, addresses of the region itself."""

from __future__ import annotations

import threading
from functools import cache

import boto3
from botocore.config import Config

from ..protocols import StoreError
from ..settings import StoreSettings
from .errors import sentences

LOCK = threading.Lock()


@cache
def session() -> boto3.session.Session:
    """One per process: what describes the services is large and read once. Making clients of it takes the lock."""
    return boto3.session.Session()


def client(service: str, settings: StoreSettings, read_timeout: float | None = None, attempts: int = 4):
    """A thread-safe client, of `dynamodb` or `s3` for the stores. Nothing is asked yet. Seconds; of S3 a minute."""
    own = settings.aws_endpoint_url is None
    config = Config(
        region_name=settings.aws_region,
        connect_timeout=3,
        read_timeout=read_timeout or (60 if service == "s3" else 10),
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        signature_version="s3v4" if service == "s3" else None,
        # Virtual hosting makes presigned URLs name the region; the global name would answer new buckets by a redirect.
        s3={"addressing_style": "virtual" if own else "path"},
    )
    with LOCK, sentences(f"AWS in {settings.aws_region}"):
        try:
            return session().client(service, endpoint_url=settings.aws_endpoint_url, config=config)
        except ValueError as e:  # a malformed endpoint
            raise StoreError(f"CODEC_LAB_AWS_ENDPOINT_URL is no address: {settings.aws_endpoint_url}.") from e


def required(name: str, value: str) -> str:
    """A bucket's or table's name. Bucket names are the whole world's, so none is assumed."""
    if not value:
        raise StoreError(f"CODEC_LAB_{name.upper()} is not set, and CODEC_LAB_STORE is aws. Name yours.")
    return value
