"""What every home of artifacts must do, shown on both: two folders, and two S3 buckets with a cache folder."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_agent.store import StoreError
from gpu_agent.store.open import open_artifacts

BASE = "261122-x/carphone/r22"


def test_a_file_is_taken_over_and_found_under_its_key_anywhere(artifacts, another, tmp_path):
    (tmp_path / "a").write_bytes(b"bits")
    artifacts.put_file(f"{BASE}/bitstream.clb", tmp_path / "a")
    assert not (tmp_path / "a").exists()
    for home in (artifacts, another(open_artifacts, elsewhere=True)):
        assert home.local(f"{BASE}/bitstream.clb").read_bytes() == b"bits"
        assert home.local(f"{BASE}/other") is None


def test_a_name_keeps_its_ending_so_that_it_is_served_as_what_it_is(artifacts, another):
    artifacts.put_bytes(f"{BASE}/preview.mp4", b"mp4", droppable=True)
    assert another(open_artifacts, elsewhere=True).local(f"{BASE}/preview.mp4").name == "preview.mp4"


def test_kept_and_droppable_are_listed_together(artifacts, tmp_path):
    artifacts.put_bytes("261122-x/frames.json", b"{}")
    artifacts.put_bytes("261122-x/preview.mp4", b"mp4", droppable=True)
    (tmp_path / "planes").write_bytes(b"yuv")
    artifacts.put_file(f"{BASE}/decoded.yuv", tmp_path / "planes", droppable=True)
    artifacts.put_bytes("261122-xy/frames.json", b"{}")
    assert artifacts.keys("261122-x") == [f"{BASE}/decoded.yuv", "261122-x/frames.json", "261122-x/preview.mp4"]
    assert artifacts.keys("261122-y") == []


def test_the_same_key_again_is_the_new_file_everywhere(artifacts, another, tmp_path):
    elsewhere = another(open_artifacts)
    for data in (b"first attempt", b"second"):
        (tmp_path / "f").write_bytes(data)
        artifacts.put_file("261122-x/frames.json", tmp_path / "f")
        assert elsewhere.local("261122-x/frames.json").read_bytes() == data
    artifacts.put_bytes("261122-x/frames.json", b"third")
    assert elsewhere.local("261122-x/frames.json").read_bytes() == b"third"


def test_an_empty_file_is_a_file(artifacts, another):
    artifacts.put_bytes("261122-x/empty", b"")
    assert another(open_artifacts, elsewhere=True).local("261122-x/empty").read_bytes() == b""


def test_many_readers_at_once_all_read_the_whole_file(artifacts, another):
    data = bytes(range(256)) * 4096
    artifacts.put_bytes("261122-x/frames.json", data)
    elsewhere = another(open_artifacts, elsewhere=True)
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(elsewhere.local, ["261122-x/frames.json"] * 8))
    assert {path.read_bytes() for path in paths} == {data}
    assert [p.name for p in paths[0].parent.iterdir()] == ["frames.json"]


@pytest.mark.parametrize(
    "key",
    [
        "../x",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "",
        ".hidden",
        "a/b\0c",
        "a/" + "x" * 200,
        "a\\b",
        "car\n",
        "a\n/b",
        "a/b\n",
    ],
)
def test_keys_cannot_leave_the_home(artifacts, key):
    for call in (artifacts.local, artifacts.keys, artifacts.url, lambda k: artifacts.put_bytes(k, b"")):
        with pytest.raises(ValueError, match="artifact key"):
            call(key)


def test_a_failed_write_leaves_nothing(artifacts, tmp_path):
    with pytest.raises(StoreError, match="cannot be stored"):
        artifacts.put_file("261122-x/f", tmp_path / "missing")
    assert artifacts.keys("261122-x") == []
