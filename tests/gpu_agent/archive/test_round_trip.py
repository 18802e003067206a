"""Out of one lab and into another: the same experiment, the same bytes, once however often."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from gpu_agent.archive import ArchiveError, open_archive, restore
from gpu_agent.models import Status
from gpu_agent.outline import IMPORTED
from tests.gpu_agent.factory import experiment

from .conftest import Home, put


def test_an_experiment_comes_back_whole_elsewhere(home, other, record, zipped):
    with open_archive(zipped) as archive:
        assert restore(archive, other.store, other.artifacts) == "new"
    found = other.store.get(record.id)
    assert found.warnings == [IMPORTED]
    assert found.model_copy(update={"warnings": []}) == home.store.get(record.id)
    assert other.store.events(record.id) == home.store.events(record.id)
    kept = [k for k in home.artifacts.keys(record.id) if not k.endswith("preview.mp4")]
    assert other.artifacts.keys(record.id) == kept
    for key in kept:
        assert other.artifacts.local(key).read_bytes() == home.artifacts.local(key).read_bytes()
    assert other.store.outlines()[0].id == record.id


def test_the_same_experiment_gives_the_same_bytes_and_names_in_order(home, record):
    first = home.archive(record)
    assert home.archive(home.store.get(record.id)) == first
    with zipfile.ZipFile(io.BytesIO(first)) as found:
        names = found.namelist()
        assert names[:3] == ["archive.json", "record.json", "code.py"]
        assert {i.date_time for i in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(found.read("environment.json")) == {"python": "3.12"}
        assert b"./lab import" in found.read("README.txt")
        assert "artifacts/carphone/r22/bitstream.clb" in names
        assert not any("preview" in n for n in names)


def test_twice_is_once_and_lost_files_come_back(home, other, record, zipped):
    for expected in ("new", "same"):
        with open_archive(zipped) as archive:
            assert restore(archive, other.store, other.artifacts) == expected
        (lost := other.artifacts.local(f"{record.id}/carphone/r22/bitstream.clb")).unlink()
    assert not lost.exists()
    other.store.annotate(record.id, title="Renamed here", notes="mine")
    with open_archive(zipped) as archive:
        assert restore(archive, other.store, other.artifacts) == "same"
    assert lost.exists()
    assert other.store.get(record.id).title == "Renamed here"
    assert len(other.store.events(record.id)) == 2


def test_who_released_a_held_run_elsewhere_did_not_look_at_it_here(home, other, record, tmp_path):
    home.store.annotate(record.id, released="It is real.")
    path = tmp_path / "released.zip"
    path.write_bytes(home.archive(home.store.get(record.id)))
    with open_archive(path) as archive:
        restore(archive, other.store, other.artifacts)
    assert other.store.get(record.id).released == ""
    assert other.store.outlines()[0].facts.imported


def test_an_id_that_belongs_to_another_is_refused_and_nothing_changes(other, record, zipped):
    stranger = experiment(id=record.id, status=Status.CANCELLED)
    other.store.create(stranger)
    with open_archive(zipped) as archive, pytest.raises(ArchiveError, match="another experiment"):
        restore(archive, other.store, other.artifacts)
    assert other.store.get(record.id) == stranger
    assert other.artifacts.keys(record.id) == []


def test_what_is_gone_is_said_and_the_rest_is_restored(home, other, record, tmp_path):
    home.artifacts.local(f"{record.id}/carphone/r22/bitstream.clb").unlink()
    path = tmp_path / "part.zip"
    path.write_bytes(home.archive(record))
    with open_archive(path) as archive:
        assert archive.missing == ["artifacts/carphone/r22/bitstream.clb"]
        assert restore(archive, other.store, other.artifacts) == "new"
    assert other.artifacts.local(f"{record.id}/carphone/r32/bitstream.clb") is not None


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_what_has_not_ended_is_not_exported(home, status):
    with pytest.raises(ArchiveError, match="has not ended"):
        home.archive(experiment(status=status))


def test_a_failed_run_without_points_travels_too(tmp_path, other):
    home = Home(tmp_path / "failed")
    record = experiment(status=Status.CANCELLED)
    home.store.create(record)
    path = tmp_path / "failed.zip"
    path.write_bytes(home.archive(record))
    with open_archive(path) as archive:
        assert restore(archive, other.store, other.artifacts) == "new"
    assert put(other) is not None
