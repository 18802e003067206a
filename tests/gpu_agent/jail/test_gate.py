"""When the clip comes into the jail's folder, whose file it is, and that nothing of it stays."""

from __future__ import annotations

import os
import tempfile

import pytest

from gpu_agent.jail import gate
from gpu_agent.jail.gate import ABANDONED_SECONDS, PREFIX, Gate


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "clips" / "one.yuv"
    path.parent.mkdir()
    path.write_bytes(b"planes of a clip")
    path.chmod(0o644)
    return path


def beside(source) -> list[str]:
    return sorted(path.name for path in source.parent.iterdir())


def test_the_clip_comes_when_it_is_opened_as_the_same_file_and_goes_at_the_end(source):
    gated = Gate(source, "planes", other_user=True)
    assert list(gated.folder.iterdir()) == []
    assert gated.folder.stat().st_mode & 0o777 == 0o755
    assert gated.folder.parent.stat().st_mode & 0o777 == 0o700  # what waits there is for no other user
    gated.open()
    assert [path.name for path in gated.folder.iterdir()] == ["planes"]
    assert os.path.samefile(gated.folder / "planes", source)
    gated.close()
    assert beside(source) == ["one.yuv"]
    assert source.read_bytes() == b"planes of a clip"


def test_a_clip_by_a_symbolic_link_is_the_file_behind_it(source, tmp_path):
    (tmp_path / "link").symlink_to(source)
    gated = Gate(tmp_path / "link", "planes", other_user=False)
    gated.open()
    assert not (gated.folder / "planes").is_symlink()
    assert os.path.samefile(gated.folder / "planes", source)
    gated.close()


def test_what_only_the_agent_may_read_is_copied_for_another_user(source):
    source.chmod(0o600)
    own, other = Gate(source, "planes", other_user=False), Gate(source, "planes", other_user=True)
    for gated in (own, other):
        gated.open()
    assert os.path.samefile(own.folder / "planes", source)
    shown = other.folder / "planes"
    assert not os.path.samefile(shown, source)
    assert (shown.read_bytes(), shown.stat().st_mode & 0o777) == (b"planes of a clip", 0o644)
    for gated in (own, other):
        gated.close()
    assert source.stat().st_mode & 0o777 == 0o600


def test_a_file_system_without_second_names_gets_a_copy(source, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(gate.os, "link", refuse)
    gated = Gate(source, "planes", other_user=False)
    gated.open()
    assert (gated.folder / "planes").read_bytes() == b"planes of a clip"
    gated.close()
    assert beside(source) == ["one.yuv"]


def test_beside_a_clip_that_is_not_the_agent_s_to_write_nothing_is_written(source, tmp_path, monkeypatch):
    make = tempfile.mkdtemp

    def guarded(prefix, dir=None):
        if dir == source.parent:
            raise PermissionError("Permission denied")
        return make(prefix=prefix, dir=tmp_path)

    monkeypatch.setattr(gate.tempfile, "mkdtemp", guarded)
    gated = Gate(source, "planes", other_user=False)
    assert beside(source) == ["one.yuv"]
    gated.open()
    assert (gated.folder / "planes").read_bytes() == b"planes of a clip"
    gated.close()
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_a_clip_that_cannot_be_laid_out_leaves_nothing(source, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    source.chmod(0o600)
    monkeypatch.setattr(gate.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        Gate(source, "planes", other_user=True)
    assert beside(source) == ["one.yuv"]
    with pytest.raises(FileNotFoundError):
        Gate(source.with_name("gone.yuv"), "planes", other_user=True)


def test_what_a_killed_agent_left_is_removed_later_and_what_is_in_use_is_not(source):
    left, used = Gate(source, "planes", other_user=False), Gate(source, "planes", other_user=False)
    long_ago = source.stat().st_mtime - ABANDONED_SECONDS - 60
    os.utime(left.folder.parent, (long_ago, long_ago))
    new = Gate(source, "planes", other_user=False)
    assert not left.folder.exists()
    used.open()
    assert os.path.samefile(used.folder / "planes", source)
    for gated in (used, new):
        gated.close()
    assert beside(source) == ["one.yuv"]
