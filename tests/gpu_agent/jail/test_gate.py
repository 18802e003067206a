"""When the clip comes into the jail's folder, whose file it is, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from gpu_agent import owned_folder
from gpu_agent.clips import Catalogue
from gpu_agent.jail import Jail, gate
from gpu_agent.jail.gate import PREFIX, Gate
from gpu_agent.road.tools import Tools
from gpu_agent.settings import AgentSettings
from gpu_agent.store.open import open_artifacts
from tests.gpu_agent.clips.in_process import InProcess


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

    monkeypatch.setattr(owned_folder.tempfile, "mkdtemp", guarded)
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


KILLED = """
import os, signal, sys
from pathlib import Path
from gpu_agent.jail.gate import Gate
Gate(Path(sys.argv[1]), "planes", other_user=False).open()
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(source) -> None:
    """An agent that lays the clip out and is killed."""
    assert subprocess.run([sys.executable, "-c", KILLED, str(source)], check=False).returncode == -signal.SIGKILL
    assert len(beside(source)) > 1


def test_what_a_killed_agent_left_is_removed_at_once_and_what_is_in_use_is_not(source):
    used = Gate(source, "planes", other_user=False)
    long_ago = source.stat().st_mtime - 100_000
    os.utime(used.folder.parent, (long_ago, long_ago))
    killed(source)
    new = Gate(source, "planes", other_user=False)
    assert len(beside(source)) == 3
    used.open()
    assert os.path.samefile(used.folder / "planes", source)
    for gated in (used, new):
        gated.close()
    assert beside(source) == ["one.yuv"]


def test_the_next_start_of_an_agent_removes_what_a_killed_one_left_and_not_what_another_uses(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = AgentSettings(data=tmp_path / "lab")
    tools = Tools(settings, Jail(), Catalogue(settings, InProcess()), open_artifacts(settings))
    clip = tools.catalogue.planes_folder / "one.yuv"
    clip.parent.mkdir(parents=True, exist_ok=True)
    clip.write_bytes(b"planes of a clip")
    other = Gate(clip, "planes", other_user=False)
    killed(clip)
    (tmp_path / f"{PREFIX}left").mkdir()
    tools.clear_workspaces()
    assert len(beside(clip)) == 2
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    other.close()
    assert beside(clip) == ["one.yuv"]


def test_a_folder_that_was_swept_before_it_was_held_is_made_anew(tmp_path, monkeypatch):
    """Another process may come between the making and the lock."""
    flock, swept = owned_folder.fcntl.flock, []

    def late(handle, how):
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].rmdir()
        flock(handle, how)

    monkeypatch.setattr(owned_folder.fcntl, "flock", late)
    with owned_folder.OwnedFolder(PREFIX, tmp_path) as folder:
        assert folder.is_dir()
        assert folder not in swept
