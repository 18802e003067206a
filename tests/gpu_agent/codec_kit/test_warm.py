"""The compiled cache: named as numba names it, made once, linked where numba looks. Compiling itself is left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numba
import pytest
from numba.core.caching import UserProvidedCacheLocator

from gpu_agent.codec_kit import jit, warm
from tests.gpu_agent import kit  # noqa: F401


def compiler(monkeypatch, works=True):
    """Stands for the process that compiles: leaves one file where numba would."""
    runs = []

    def run(command, env, **_):
        runs.append(command)
        if not works:
            raise subprocess.CalledProcessError(1, command)
        folder = Path(env["NUMBA_CACHE_DIR"], warm.subfolder(str(warm.KIT)))
        folder.mkdir()
        (folder / "part.nbi").write_text("compiled")

    monkeypatch.setattr(warm.subprocess, "run", run)
    return runs


def test_the_folder_has_numbas_own_name():
    name = UserProvidedCacheLocator.get_suitable_cache_subpath("/lab/codec_kit/rangecoder.py")
    assert warm.subfolder("/lab/codec_kit") == name


def test_prepared_once_and_old_ones_go(monkeypatch, tmp_path):
    runs = compiler(monkeypatch)
    (tmp_path / "older").mkdir()
    made = warm.prepare(tmp_path)
    assert warm.prepare(tmp_path) == made
    assert len(runs) == 1
    assert list(tmp_path.iterdir()) == [made]
    assert (made / warm.subfolder(warm.JAILED) / "part.nbi").read_text() == "compiled"


def test_a_failure_leaves_nothing(monkeypatch, tmp_path):
    compiler(monkeypatch, works=False)
    with pytest.raises(subprocess.SubprocessError):
        warm.prepare(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_a_source_changes_the_key(monkeypatch, tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(warm, "KIT", tmp_path)
    before = warm.key()
    (tmp_path / "b.py").write_text("2")
    assert warm.key() != before


def test_restored_where_numba_looks(monkeypatch, tmp_path):
    (tmp_path / "prepared" / "kit").mkdir(parents=True)
    (tmp_path / "prepared" / "kit" / "part.nbi").write_text("compiled")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    assert jit.restore(tmp_path / "prepared")
    assert (tmp_path / "cache" / "kit" / "part.nbi").read_text() == "compiled"
    assert not jit.restore(tmp_path / "missing")
