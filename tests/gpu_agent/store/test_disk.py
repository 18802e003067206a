from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from gpu_agent.store.disk import ABANDONED_SECONDS, remove_abandoned, trim
from gpu_agent.store.folder import FolderArtifacts


def fill(folder: Path, *names: str, size: int = 100) -> list[Path]:
    """Files of `size` bytes, each used a minute after the one before, the last one now."""
    paths = []
    for age, name in zip(range(len(names) - 1, -1, -1), names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
        os.utime(path, (time.time() - 60 * age,) * 2)
        paths.append(path)
    return paths


def test_the_least_recently_used_go_first_and_no_more_than_needed(tmp_path):
    a, b, c, d = fill(tmp_path, "planes/a", "previews/b", "planes/c", "d")
    os.utime(a)
    assert trim(tmp_path, 250) == [b, c]
    assert a.exists()
    assert d.exists()


def test_within_the_budget_nothing_is_touched(tmp_path):
    paths = fill(tmp_path, "a", "b")
    assert trim(tmp_path, 200) == []
    assert all(path.exists() for path in paths)


def test_files_in_use_are_never_deleted_but_count(tmp_path):
    a, b, c = fill(tmp_path, "a", "b", "c")
    assert trim(tmp_path, 150, keep={a}) == [b, c]
    a, b, c = fill(tmp_path, "a", "b", "c")
    assert trim(tmp_path, 0, keep=lambda path: path.name == "b") == [a, c]
    assert b.exists()


def test_what_is_used_again_meanwhile_is_not_deleted(tmp_path):
    a, b, c = fill(tmp_path, "a", "b", "c")

    def another_run_takes(path: Path) -> bool:
        if path == a:
            os.utime(a)
        return False

    assert trim(tmp_path, 200, keep=another_run_takes) == [b]
    assert a.exists()
    assert c.exists()


def test_half_written_files_stay_until_they_are_abandoned(tmp_path):
    fresh, old = fill(tmp_path, ".fresh.part", ".old.part")
    os.utime(old, (time.time() - ABANDONED_SECONDS - 60,) * 2)
    trim(tmp_path, 0)
    assert fresh.exists()
    assert not old.exists()


def test_second_names_in_a_hidden_folder_are_left_alone_and_not_counted_twice(tmp_path):
    a, b = fill(tmp_path, "a", "b")
    own = tmp_path / ".jail-x" / "shown"
    own.mkdir(parents=True)
    os.link(a, own / "planes")
    assert trim(tmp_path, 200) == []
    assert trim(tmp_path, 100) == [a]
    assert (own / "planes").exists()
    assert b.exists()


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    assert trim(tmp_path / "none", 0) == []


@pytest.fixture
def vanishing(tmp_path, monkeypatch) -> Path:
    """A folder that is gone as soon as the one above it has been listed, as the jail's are when a run ends meanwhile."""
    folder = tmp_path / "planes" / ".jail-x"
    (folder / "shown").mkdir(parents=True)
    scandir = os.scandir

    def scan(path):
        if isinstance(path, int) or Path(path) != folder.parent:
            return scandir(path)
        with scandir(path) as entries:
            found = Listed(entries)
        shutil.rmtree(folder, ignore_errors=True)
        return found

    monkeypatch.setattr(os, "scandir", scan)
    return folder


class Listed(list):
    """What os.scandir gives, of entries that were listed a moment ago."""

    def __init__(self, entries):
        super().__init__(entries)
        self._next = iter(self)

    def __next__(self):
        return next(self._next)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return None


def test_a_folder_that_goes_while_the_cache_is_read_is_no_error(tmp_path, vanishing):
    a, b = fill(tmp_path, "planes/a", "work/b")
    assert trim(tmp_path, 100) == [a]
    assert not vanishing.exists()
    assert b.exists()


def test_nor_is_one_while_the_abandoned_are_looked_for(tmp_path, vanishing):
    (old,) = fill(tmp_path, "planes/.old.part")
    os.utime(old, (time.time() - ABANDONED_SECONDS - 60,) * 2)
    remove_abandoned(tmp_path)
    assert not vanishing.exists()
    assert not old.exists()


def test_nor_is_one_while_keys_are_listed(tmp_path, vanishing):
    fill(tmp_path, "planes/a/b.json")
    assert FolderArtifacts(tmp_path, tmp_path / "none").keys("planes") == ["planes/a/b.json"]
    assert not vanishing.exists()
