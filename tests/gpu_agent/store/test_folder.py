"""What is particular to artifacts in folders."""

import pytest

from gpu_agent.store.folder import FolderArtifacts


@pytest.fixture
def store(tmp_path):
    return FolderArtifacts(tmp_path / "kept", tmp_path / "droppable")


def test_droppable_files_live_apart(store):
    store.put_bytes("261122-x/frames.json", b"{}")
    store.put_bytes("261122-x/preview.mp4", b"mp4", droppable=True)
    assert store.local("261122-x/frames.json").is_relative_to(store.kept)
    assert store.local("261122-x/preview.mp4").is_relative_to(store.droppable)


def test_a_link_out_of_the_folders_is_no_artifact(store, tmp_path):
    store.put_bytes("261122-x/frames.json", b"{}")
    (tmp_path / "secret").write_text("secret")
    (store.kept / "261122-x" / "link").symlink_to(tmp_path / "secret")
    assert store.local("261122-x/link") is None


def test_files_have_no_address(store):
    store.put_bytes("261122-x/preview.mp4", b"mp4", droppable=True)
    assert store.url("261122-x/preview.mp4") is None
