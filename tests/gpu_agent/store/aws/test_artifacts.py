"""What is particular to S3: where things lie and as what, the cache folder, presigned addresses, big files."""

import logging
import os
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.stub import Stubber

from gpu_agent.store.aws import artifacts as home
from gpu_agent.store.open import artifact_origins, open_artifacts

BASE = "261122-x/carphone/r22"


def put(artifacts, key: str, data: bytes, folder, *, droppable: bool = False) -> None:
    (folder / "file").write_bytes(data)
    artifacts.put_file(key, folder / "file", droppable=droppable)


def outdated(path):
    """A cached file that was looked at a while ago."""
    before = time.time() - 60
    os.utime(path, (before, before))


def head(s3, bucket: str, key: str) -> dict:
    return s3.head_object(Bucket=bucket, Key=key)


def test_each_lies_in_its_bucket_as_what_it_is(artifacts, settings, s3, tmp_path):
    put(artifacts, f"{BASE}/preview.mp4", b"mp4", tmp_path, droppable=True)
    put(artifacts, f"{BASE}/bitstream.clb", b"bits", tmp_path)
    artifacts.put_bytes(f"{BASE}/frames.json", b"{}")
    for bucket, key, kind in (
        (settings.videos_bucket, f"media/{BASE}/preview.mp4", "video/mp4"),
        (settings.decoders_bucket, f"{BASE}/bitstream.clb", "application/octet-stream"),
        (settings.decoders_bucket, f"{BASE}/frames.json", "application/json"),
    ):
        found = head(s3, bucket, key)
        assert (found["ContentType"], found["ServerSideEncryption"]) == (kind, "AES256")


def test_raw_planes_stay_on_this_machine(artifacts, settings, s3, tmp_path):
    put(artifacts, f"{BASE}/decoded.yuv", b"planes", tmp_path, droppable=True)
    assert artifacts.local(f"{BASE}/decoded.yuv").read_bytes() == b"planes"
    assert artifacts.url(f"{BASE}/decoded.yuv") is None
    assert "Contents" not in s3.list_objects_v2(Bucket=settings.videos_bucket)
    artifacts.local(f"{BASE}/decoded.yuv").unlink()
    assert artifacts.local(f"{BASE}/decoded.yuv") is None


def test_a_big_file_goes_up_in_parts_and_comes_back_the_same(artifacts, settings, s3, tmp_path):
    data = os.urandom(1 << 20) * 17
    put(artifacts, f"{BASE}/bitstream.clb", data, tmp_path)
    assert head(s3, settings.decoders_bucket, f"{BASE}/bitstream.clb")["ETag"].endswith('-2"')
    artifacts.local(f"{BASE}/bitstream.clb").unlink()
    assert artifacts.local(f"{BASE}/bitstream.clb").read_bytes() == data


def test_what_was_stored_here_is_not_downloaded(artifacts, tmp_path):
    put(artifacts, f"{BASE}/preview.mp4", b"mp4", tmp_path, droppable=True)
    with Stubber(artifacts.s3):  # any call would be an error
        assert artifacts.local(f"{BASE}/preview.mp4").read_bytes() == b"mp4"


def test_an_old_copy_is_kept_if_s3_has_the_same_and_replaced_if_not(artifacts, settings, tmp_path):
    elsewhere = open_artifacts(settings.model_copy(update={"data": tmp_path / "elsewhere"}))
    artifacts.put_bytes(f"{BASE}/frames.json", b"first")
    path = elsewhere.local(f"{BASE}/frames.json")
    outdated(path)
    artifacts.put_bytes(f"{BASE}/frames.json", b"second")
    assert elsewhere.local(f"{BASE}/frames.json").read_bytes() == b"second"
    path.write_bytes(b"not downloaded again")
    os.utime(path, (time.time() + 60,) * 2)  # as if looked at long after the object was written
    fresh = home.is_fresh
    home.is_fresh = lambda _: False
    try:
        assert elsewhere.local(f"{BASE}/frames.json").read_bytes() == b"not downloaded again"
    finally:
        home.is_fresh = fresh
    assert home.is_fresh(path)


def test_a_preview_that_s3_has_dropped_is_still_good_where_it_is_cached(artifacts, settings, s3, tmp_path):
    put(artifacts, f"{BASE}/preview.mp4", b"mp4", tmp_path, droppable=True)
    s3.delete_object(Bucket=settings.videos_bucket, Key=f"media/{BASE}/preview.mp4")
    path = artifacts.local(f"{BASE}/preview.mp4")
    outdated(path)
    assert artifacts.local(f"{BASE}/preview.mp4") == path
    assert artifacts.url(f"{BASE}/preview.mp4") is None
    path.unlink()
    assert artifacts.local(f"{BASE}/preview.mp4") is None


def test_while_s3_is_silent_the_cached_copy_serves(artifacts, caplog):
    artifacts.put_bytes(f"{BASE}/frames.json", b"{}")
    path = artifacts.local(f"{BASE}/frames.json")
    outdated(path)
    with Stubber(artifacts.s3) as stub, caplog.at_level(logging.WARNING):
        stub.add_client_error("get_object", "ServiceUnavailable")
        assert artifacts.local(f"{BASE}/frames.json") == path
    assert "taken from the cache" in caplog.text


def test_a_download_that_breaks_off_leaves_nothing(artifacts, monkeypatch):
    artifacts.put_bytes(f"{BASE}/frames.json", b"{}" * 1000)

    def breaks(source, out, size):
        out.write(b"{}")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(home.shutil, "copyfileobj", breaks)
    with pytest.raises(home.StoreError, match="No space left"):
        artifacts.local(f"{BASE}/frames.json")
    assert [p for p in artifacts.cache.rglob("*") if p.is_file()] == []


def test_the_cache_stays_within_its_budget(settings, artifacts):
    small = home.S3Artifacts(
        artifacts.s3, settings.videos_bucket, settings.decoders_bucket, artifacts.cache, cache_bytes=10_000
    )
    for n in range(30):
        small.put_bytes(f"{BASE}/f{n}", bytes(1000))
        assert small.local(f"{BASE}/f{n}").stat().st_size == 1000
    assert sum(p.stat().st_size for p in artifacts.cache.rglob("*") if p.is_file()) <= 11_000
    assert small.local(f"{BASE}/f0").stat().st_size == 1000


def test_a_signed_address_plays_by_ranges_and_ends_within_the_hour(artifacts, tmp_path):
    put(artifacts, f"{BASE}/preview.mp4", bytes(range(200)), tmp_path, droppable=True)
    url = artifacts.url(f"{BASE}/preview.mp4")
    assert int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]) <= 3600
    request = urllib.request.Request(url, headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.read()) == (206, bytes(range(10, 20)))
        assert answer.headers["Content-Range"] == "bytes 10-19/200"
        assert answer.headers["Content-Type"] == "video/mp4"
    assert artifacts.url(f"{BASE}/other.mp4") is None


def test_addresses_name_the_region(settings, tmp_path, monkeypatch):
    """Of AWS itself: the global name would answer for a new bucket with a redirect."""
    real = open_artifacts(settings.model_copy(update={"aws_endpoint_url": None, "aws_region": "eu-north-1"}))
    monkeypatch.setattr(real.s3, "head_object", lambda **_: {})
    url = urlsplit(real.url(f"{BASE}/preview.mp4"))
    assert (url.scheme, url.netloc) == ("https", f"{settings.videos_bucket}.s3.eu-north-1.amazonaws.com")


@pytest.mark.parametrize("endpoint", ["moto", None])
@pytest.mark.parametrize("key", ["e/preview.mp4", "e/bitstream.clb"])
def test_the_origins_are_those_of_signed_addresses(settings, endpoint, key, monkeypatch):
    """Both homes; where it is AWS itself, signing asks nobody, and what `url` asks first is left out."""
    if endpoint is None:
        settings = settings.model_copy(update={"aws_endpoint_url": None, "aws_region": "eu-north-1"})
    store = open_artifacts(settings)
    monkeypatch.setattr(store.s3, "head_object", lambda **asked: {})
    url = urlsplit(store.url(key))
    assert f"{url.scheme}://{url.netloc}" in artifact_origins(settings)
