"""`ArtifactStore` over two buckets, with a cache folder: what is kept in one, what may be dropped in the other.

Kept artifacts and code lie in the decoders bucket under their own keys; droppable ones in the videos bucket under
`media/`, which a lifecycle rule may expire. Raw planes are not uploaded: a gigabyte a point that nobody plays; they
live in the cache folder and are decoded again from the bitstream, as everywhere.

A cached file is used for FRESH_SECONDS without asking, then S3 is asked whether it changed: a second attempt at a run
writes the same keys again, and the figures of the first must not stay on somebody's screen.
"""

from __future__ import annotations

import logging
import mimetypes
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from ..disk import files_below, trim
from ..folder import checked
from ..protocols import StoreError
from ..settings import StoreSettings
from .connect import client, required
from .errors import MISSING, code_of, sentences
from .schema import MEDIA_PREFIX

RAW = {".yuv", ".y4m"}
FRESH_SECONDS = 30.0
CLOCK_MARGIN = 5.0
URL_SECONDS = 3600
CACHE_BYTES = 20_000_000_000
PART = 16 << 20
ENCRYPTED = {"ServerSideEncryption": "AES256"}
TRANSFER = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
log = logging.getLogger(__name__)


class S3Artifacts:
    """Thread-safe. `cache`: a folder of this machine, trimmed to `cache_bytes` as downloads come in."""

    def __init__(self, s3, videos: str, decoders: str, cache: Path, cache_bytes: int = CACHE_BYTES):
        self.s3, self.videos, self.decoders = s3, videos, decoders
        self.cache, self.cache_bytes = cache, cache_bytes
        self._locks = [threading.Lock() for _ in range(64)]
        self._downloaded = 0

    @classmethod
    def from_settings(cls, settings: StoreSettings, cache: Path) -> S3Artifacts:
        videos = required("videos_bucket", settings.videos_bucket)
        decoders = required("decoders_bucket", settings.decoders_bucket)
        return cls(client("s3", settings), videos, decoders, cache, int(settings.disk_budget_gb * 1e9))

    def put_file(self, key: str, path: Path, *, droppable: bool = False) -> None:
        parts = checked(key)
        if not path.is_file():
            raise StoreError(f"{key} cannot be stored: there is no file {path.name}.")
        if not is_raw(key):
            bucket, name = self._home(key, droppable)
            with sentences(f"The bucket {bucket}"):
                extra = ENCRYPTED | {"ContentType": content_type(key)}
                self.s3.upload_file(str(path), bucket, name, ExtraArgs=extra, Config=TRANSFER)
        self._take(self.cache.joinpath(*parts), path, needed=is_raw(key))

    def _take(self, target: Path, path: Path, needed: bool) -> None:
        """Move the file into the cache. A cache that cannot take it is a loss only where there is no other copy."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.replace(path, target)
            except OSError:  # another file system
                with path.open("rb") as data:
                    write_whole(target, data)
                path.unlink(missing_ok=True)
            os.utime(target)
        except OSError as e:
            if needed:
                raise StoreError(f"{target.name} cannot be stored: {e.strerror}.") from e
            path.unlink(missing_ok=True)

    def put_bytes(self, key: str, data: bytes, *, droppable: bool = False) -> None:
        target = self.cache.joinpath(*checked(key))
        bucket, name = self._home(key, droppable)
        with sentences(f"The bucket {bucket}"):
            self.s3.put_object(Bucket=bucket, Key=name, Body=data, ContentType=content_type(key), **ENCRYPTED)
        target.unlink(missing_ok=True)

    def local(self, key: str) -> Path | None:
        path = self.cache.joinpath(*checked(key))
        if is_raw(key) or is_fresh(path):
            return path if path.is_file() else None
        with self._locks[hash(key) % len(self._locks)]:
            if is_fresh(path):  # another thread has just fetched it
                return path
            try:
                found = any(self._fetch(bucket, name, path) for bucket, name in self._homes(key))
            except StoreError as e:
                if not path.is_file():
                    raise
                log.warning("%s is taken from the cache: %s", key, e)
                return path
        return path if found or path.is_file() else None

    def _fetch(self, bucket: str, name: str, path: Path) -> bool:
        """Bring the cached file up to date. False: the bucket has no such object."""
        since = {"IfModifiedSince": path.stat().st_mtime - CLOCK_MARGIN} if path.is_file() else {}
        with sentences(f"The bucket {bucket}"):
            try:
                answer = self.s3.get_object(Bucket=bucket, Key=name, **since)
            except ClientError as e:
                if code_of(e) in ("304", "NotModified"):
                    os.utime(path)
                    return True
                if code_of(e) in MISSING:
                    return False
                raise
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, answer["Body"])
            except OSError as e:
                raise StoreError(f"{path.name} cannot be kept in the cache folder: {e.strerror or e}.") from e
        self._make_room(answer["ContentLength"], path)
        return True

    def _make_room(self, size: int, path: Path) -> None:
        self._downloaded += size
        if self._downloaded > self.cache_bytes // 20:
            self._downloaded = 0
            trim(self.cache, self.cache_bytes, keep={path.absolute()})

    def keys(self, prefix: str) -> list[str]:
        folder = "/".join(checked(prefix)) + "/"
        found = {p.relative_to(self.cache).as_posix() for p in files_below(self.cache / prefix) if is_raw(p.name)}
        for bucket, start in ((self.decoders, ""), (self.videos, MEDIA_PREFIX)):
            with sentences(f"The bucket {bucket}"):
                pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start + folder)
                found |= {o["Key"].removeprefix(start) for page in pages for o in page.get("Contents", [])}
        return sorted(found)

    def url(self, key: str) -> str | None:
        """Signed for reading, for at most URL_SECONDS. None where S3 has no such object."""
        checked(key)
        if is_raw(key):
            return None
        for bucket, name in self._homes(key):
            with sentences(f"The bucket {bucket}"):
                try:
                    self.s3.head_object(Bucket=bucket, Key=name)
                except ClientError as e:
                    if code_of(e) in MISSING:
                        continue
                    raise
                asked = {"Bucket": bucket, "Key": name}
                return self.s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=URL_SECONDS)
        return None

    def _home(self, key: str, droppable: bool) -> tuple[str, str]:
        return (self.videos, MEDIA_PREFIX + key) if droppable else (self.decoders, key)

    def _homes(self, key: str) -> list[tuple[str, str]]:
        """Where it may lie, the likelier first."""
        return [self._home(key, droppable) for droppable in (key.endswith(".mp4"), not key.endswith(".mp4"))]


def origins(settings: StoreSettings) -> list[str]:
    """Scheme and host of what `url` signs, for both buckets."""
    s3 = client("s3", settings)
    endpoint = urlsplit(s3.meta.endpoint_url)
    if settings.aws_endpoint_url:
        return [f"{endpoint.scheme}://{endpoint.netloc}"]
    return [
        f"{endpoint.scheme}://{bucket}.{endpoint.netloc}"
        for bucket in (settings.videos_bucket, settings.decoders_bucket)
    ]


def is_raw(key: str) -> bool:
    return Path(key).suffix in RAW


def is_fresh(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime < FRESH_SECONDS
    return False


def content_type(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def write_whole(target: Path, data: BinaryIO) -> None:
    """A file that is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            shutil.copyfileobj(data, out, 1 << 20)
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
