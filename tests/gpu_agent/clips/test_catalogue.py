from __future__ import annotations

import hashlib
import os
import threading
from fractions import Fraction

import pytest

from gpu_agent.clips import Catalogue, ClipCancelled, ClipError, decode, scenes

from .in_process import InProcess
from .media import moving_planes, raw_bytes, write_y4m

CARPHONE = "2e14297dff2fe49c933670c4a6a4fec09eca89c3f6adfcaae5b728b78a122c4d"
"""H.264 decoding is exact, so this is carphone everywhere."""


@pytest.fixture
def small(catalogue, tmp_path):
    path = write_y4m(tmp_path / "small.y4m", moving_planes(32, 32, 5))
    with path.open("rb") as file:
        return catalogue.add_upload("small.y4m", file)


def counted(monkeypatch) -> list[str]:
    """The readings of a clip's frames from now on."""
    readings, opened = [], decode.FileReader.__iter__
    rendered = scenes.SceneReader.__iter__

    def counting(iterate):
        def wrapped(reader):
            readings.append(type(reader).__name__)
            return iterate(reader)

        return wrapped

    monkeypatch.setattr(decode.FileReader, "__iter__", counting(opened))
    monkeypatch.setattr(scenes.SceneReader, "__iter__", counting(rendered))
    return readings


def test_the_real_clips_have_known_facts(catalogue):
    carphone, bikes = catalogue.get("carphone"), catalogue.get("bikes")
    assert (carphone.width, carphone.height, carphone.frames, carphone.fps) == (176, 144, 120, "30000/1001")
    assert carphone.sha256 == CARPHONE
    assert carphone.conversion is None
    assert (bikes.width, bikes.height, bikes.frames, bikes.fps) == (640, 272, 250, "25/1")
    assert catalogue.default_names() == ["carphone"]


def test_the_list_is_made_once_and_survives_a_restart(catalogue, settings, monkeypatch):
    clips = catalogue.list()
    names = [clip.name for clip in clips]
    assert names[:2] == ["carphone", "bikes"]
    assert {"scene-pan", "scene-objects", "scene-grain", "scene-cut"} <= set(names)
    assert any((clip.width, clip.height) == (1280, 720) and clip.origin == "rendered" for clip in clips)
    assert len({clip.sha256 for clip in clips}) == len(clips)
    assert all(clip.description for clip in clips)
    readings = counted(monkeypatch)
    assert Catalogue(settings, InProcess()).list() == clips
    assert readings == []


def test_facts_that_cannot_be_read_are_made_again(catalogue, settings):
    clip = catalogue.get("carphone")
    (catalogue.facts_folder / "carphone.json").write_text("{")
    assert Catalogue(settings, InProcess()).get("carphone") == clip


def test_an_unknown_name_is_answered_with_the_nearest(catalogue):
    with pytest.raises(ClipError, match="Did you mean carphone"):
        catalogue.get("car-phone")
    for name in ("", "zzzz", "../facts/carphone", "a/b", "x" * 1000):
        with pytest.raises(ClipError, match="There is no clip named"):
            catalogue.get(name)


def test_planes_are_the_frames_and_anybody_can_check_the_hash(catalogue):
    clip = catalogue.get("carphone")
    path = catalogue.planes(clip)
    data = path.read_bytes()
    assert len(data) == 176 * 144 * 3 // 2 * 120
    assert hashlib.sha256(data + b"\n176x144 30000/1001\n").hexdigest() == clip.sha256
    assert path.parent == catalogue.settings.cache / "planes"


def test_planes_are_made_once_used_again_and_marked_as_used(catalogue, small, monkeypatch):
    readings = counted(monkeypatch)
    path = catalogue.planes(small)
    os.utime(path, (1, 1))
    assert catalogue.planes(small) == path
    assert path.stat().st_mtime > 1
    assert len(readings) == 1
    path.unlink()
    assert catalogue.planes(small).read_bytes() == raw_bytes(moving_planes(32, 32, 5))
    assert len(readings) == 2


def test_planes_of_the_wrong_length_are_made_again(catalogue, small):
    path = catalogue.planes(small)
    path.write_bytes(b"cut")
    assert catalogue.planes(small).read_bytes() == raw_bytes(moving_planes(32, 32, 5))


def test_many_threads_make_the_planes_once(catalogue, small, monkeypatch):
    readings, paths, start = counted(monkeypatch), [], threading.Barrier(6)

    def work():
        start.wait()
        paths.append(catalogue.planes(small))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 6
    assert len(set(paths)) == 1
    assert len(readings) == 1


def test_a_cancelled_or_failed_making_leaves_nothing(catalogue, small, monkeypatch):
    steps = []
    with pytest.raises(ClipCancelled):
        catalogue.planes(small, cancel=lambda: len(steps) >= 2, on_progress=lambda *step: steps.append(step))
    assert steps == [(1, 5), (2, 5)]
    assert list(catalogue.planes_folder.iterdir()) == []
    with pytest.raises(ClipError, match="not those of this experiment any more"):
        catalogue.planes(small.model_copy(update={"sha256": "0" * 64}))
    assert list(catalogue.planes_folder.iterdir()) == []


def test_an_upload_whose_file_changed_gets_new_facts_and_its_old_planes_are_refused(catalogue, small, known_facts):
    file = catalogue.uploads_folder / "small.y4m"
    write_y4m(file, moving_planes(32, 32, 6, seed=3))
    changed = catalogue.get("small")
    assert changed.frames == 6
    assert changed.sha256 != small.sha256
    with pytest.raises(ClipError, match="not those of this experiment any more"):
        catalogue.planes(small)
    file.unlink()
    with pytest.raises(ClipError, match="upload it again"):
        catalogue.get("small")
    assert "small" not in [clip.name for clip in catalogue.list()]


def test_no_planes_are_written_where_the_disk_is_full(settings, catalogue, small):
    full = Catalogue(settings.model_copy(update={"disk_floor_gb": 1e9}), InProcess())
    with pytest.raises(ClipError, match="Not enough disk space"):
        full.planes(small)


def test_a_file_is_used_where_it_lies(catalogue, settings, tmp_path, known_facts):
    path = write_y4m(tmp_path / "My file.y4m", moving_planes(33, 32, 3), Fraction(30000, 1001))
    clip = catalogue.add_file(path)
    assert (clip.name, clip.visible_width, clip.width, clip.fps) == ("my-file", 33, 34, "30000/1001")
    assert catalogue.get("my-file") == clip
    assert catalogue.add_file(path) == clip
    assert clip in catalogue.list()
    assert catalogue.planes(clip).stat().st_size == 34 * 32 * 3 // 2 * 3
    assert not catalogue.uploads_folder.exists()
    assert "my-file" not in [other.name for other in Catalogue(settings, InProcess()).list()]


def test_a_file_that_is_missing_or_no_video_is_a_sentence(catalogue, tmp_path):
    with pytest.raises(ClipError, match="There is no file"):
        catalogue.add_file(tmp_path / "none.mp4")
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    with pytest.raises(ClipError, match="not a video"):
        catalogue.add_file(text)
