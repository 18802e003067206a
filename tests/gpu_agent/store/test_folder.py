import pytest

from gpu_agent.store.folder import FolderArtifacts


@pytest.fixture
def store(tmp_path):
    return FolderArtifacts(tmp_path / "kept", tmp_path / "droppable")


def test_a_file_is_taken_over_and_found_under_its_key(store, tmp_path):
    (tmp_path / "a").write_bytes(b"bits")
    store.put_file("261122-x/carphone/r22/bitstream.clb", tmp_path / "a")
    assert store.local("261122-x/carphone/r22/bitstream.clb").read_bytes() == b"bits"
    assert not (tmp_path / "a").exists()
    assert store.local("261122-x/carphone/r22/other") is None


def test_droppable_files_live_apart_and_are_listed_with_the_kept(store):
    store.put_bytes("261122-x/frames.json", b"{}")
    store.put_bytes("261122-x/preview.mp4", b"mp4", droppable=True)
    assert store.keys("261122-x") == ["261122-x/frames.json", "261122-x/preview.mp4"]
    assert store.local("261122-x/preview.mp4").is_relative_to(store.droppable)
    assert store.keys("261122-y") == []


@pytest.mark.parametrize(
    "key", ["../x", "a/../b", "/etc/passwd", "a//b", "", ".hidden", "a/b\0c", "a/" + "x" * 200, "a\\b"]
)
def test_keys_cannot_leave_the_folder(store, key):
    for call in (store.local, store.keys, lambda k: store.put_bytes(k, b"")):
        with pytest.raises(ValueError, match="artifact key"):
            call(key)


def test_a_failed_write_leaves_nothing(store, tmp_path):
    with pytest.raises(Exception, match="cannot be stored"):
        store.put_file("261122-x/f", tmp_path / "missing")
    assert store.keys("261122-x") == []
