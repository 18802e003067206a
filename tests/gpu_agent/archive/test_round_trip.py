"""Out of one lab and into another: the same experiment, the same bytes, once however often."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from gpu_agent.archive import ArchiveError, open_archive, restore
from gpu_agent.blind import draw
from gpu_agent.models import Status
from gpu_agent.outline import IMPORTED
from tests.gpu_agent.blindtests import blind_test, stimulus
from tests.gpu_agent.factory import experiment

from .conftest import Home, put


def test_an_experiment_comes_back_whole_elsewhere(home, other, record, zipped):
    with open_archive(zipped) as archive:
        assert restore(archive, other.store, other.artifacts, other.blind) == "new"
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
            assert restore(archive, other.store, other.artifacts, other.blind) == expected
        (lost := other.artifacts.local(f"{record.id}/carphone/r22/bitstream.clb")).unlink()
    assert not lost.exists()
    other.store.annotate(record.id, title="Renamed here", notes="mine")
    with open_archive(zipped) as archive:
        assert restore(archive, other.store, other.artifacts, other.blind) == "same"
    assert lost.exists()
    assert other.store.get(record.id).title == "Renamed here"
    assert len(other.store.events(record.id)) == 2


def test_another_zlib_elsewhere_found_the_code_a_little_smaller(home, other, record, tmp_path):
    path = tmp_path / "other-zlib.zip"
    path.write_bytes(home.archive(record.model_copy(update={"decoder_bytes": record.decoder_bytes - 20})))
    with open_archive(path) as archive:
        assert restore(archive, other.store, other.artifacts, other.blind) == "new"


def test_who_released_a_held_run_elsewhere_did_not_look_at_it_here(home, other, record, tmp_path):
    home.store.annotate(record.id, released="It is real.")
    path = tmp_path / "released.zip"
    path.write_bytes(home.archive(home.store.get(record.id)))
    with open_archive(path) as archive:
        restore(archive, other.store, other.artifacts, other.blind)
    assert other.store.get(record.id).released == ""
    assert other.store.outlines()[0].facts.imported


def test_an_id_that_belongs_to_another_is_refused_and_nothing_changes(other, record, zipped):
    stranger = experiment(id=record.id, status=Status.CANCELLED)
    other.store.create(stranger)
    with open_archive(zipped) as archive, pytest.raises(ArchiveError, match="another experiment"):
        restore(archive, other.store, other.artifacts, other.blind)
    assert other.store.get(record.id) == stranger
    assert other.artifacts.keys(record.id) == []


def test_what_is_gone_is_said_and_the_rest_is_restored(home, other, record, tmp_path):
    home.artifacts.local(f"{record.id}/carphone/r22/bitstream.clb").unlink()
    path = tmp_path / "part.zip"
    path.write_bytes(home.archive(record))
    with open_archive(path) as archive:
        assert archive.missing == ["artifacts/carphone/r22/bitstream.clb"]
        assert restore(archive, other.store, other.artifacts, other.blind) == "new"
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
        assert restore(archive, other.store, other.artifacts, other.blind) == "new"
    assert put(other) is not None


@pytest.fixture
def tested(home, record) -> list:
    """Two finished blind tests of the record, oldest first; and one that is still open."""
    points = stimulus(record.id), stimulus("exp-000002", 27)
    tests = [blind_test(*points, "aab", created_at=f"2026-01-0{day}T00:00:00Z") for day in (1, 2, 3)]
    left = (*tests[0].trials, draw(tests[0].id, "somebody"))
    home.blind.create(tests[0].model_copy(update={"trials": left, "closed_at": "2026-02-01T00:00:00Z"}))
    closed = [t.model_copy(update={"closed_at": "2026-02-01T00:00:00Z"}) for t in tests[:2]]
    for test in (closed[1], tests[2]):
        home.blind.create(test)
    return closed


def test_finished_blind_tests_go_along_and_are_marked_as_answered_elsewhere(home, other, record, tested, tmp_path):
    path = tmp_path / "tested.zip"
    path.write_bytes(home.archive(record))
    for expected in ("new", "same"):
        with open_archive(path) as archive:
            assert archive.blind == tested
            assert restore(archive, other.store, other.artifacts, other.blind) == expected
        found = other.blind.of_experiment(record.id)
        assert found == [t.model_copy(update={"elsewhere": True}) for t in reversed(tested)]
        assert other.blind.of_experiment("exp-000002") == found
    again = io.BytesIO(other.archive(record))
    with zipfile.ZipFile(again) as there, zipfile.ZipFile(path) as here:
        assert there.read("blind.json") == here.read("blind.json")
    with open_archive(path) as archive:  # and back in the lab where they were answered
        assert restore(archive, home.store, home.artifacts, home.blind) == "same"
    assert home.blind.get(tested[0].id).test.told == tested[0]


def test_a_blind_test_that_came_later_joins_a_record_that_is_here(home, other, record, zipped, tmp_path):
    with open_archive(zipped) as archive:
        assert archive.blind == []
        restore(archive, other.store, other.artifacts, other.blind)
    later = blind_test(stimulus(record.id), stimulus(None, 22), "a", closed_at="2026-02-01T00:00:00Z")
    home.blind.create(later)
    path = tmp_path / "later.zip"
    path.write_bytes(home.archive(record))
    with open_archive(path) as archive:
        assert restore(archive, other.store, other.artifacts, other.blind) == "same"
    assert [t.id for t in other.blind.of_experiment(record.id)] == [later.id]


def test_a_blind_test_with_other_answers_here_is_refused_and_nothing_changes(home, other, record, tested, tmp_path):
    mine = tested[1].model_copy(update={"trials": tested[1].trials[:1]})
    other.blind.create(mine)
    path = tmp_path / "tested.zip"
    path.write_bytes(home.archive(record))
    with open_archive(path) as archive, pytest.raises(ArchiveError, match="another blind test"):
        restore(archive, other.store, other.artifacts, other.blind)
    assert other.store.get(record.id) is None
    assert other.blind.of_experiment(record.id) == [mine]
