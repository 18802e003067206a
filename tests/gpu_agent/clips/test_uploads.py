from __future__ import annotations

import io
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpu_agent.clips import Catalogue, ClipCancelled, ClipError
from gpu_agent.clips.uploads import SUFFIXES, safe_name, safe_title

from .in_process import InProcess
from .media import moving_planes, picture_of, write_video, write_y4m


@given(st.text(max_size=200))
@example("../../etc/passwd")
@example("a/../b.mp4")
@example("C:\\Users\\me\\film.MP4")
@example("-rf.mp4")
@example(".mp4")
@example("")
@example("nul\0.mkv")
@example("..")
def test_every_name_becomes_one_safe_in_paths_urls_and_shells(given_name):
    name, suffix = safe_name(given_name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,47}", name)
    assert suffix == "" or suffix in SUFFIXES
    assert safe_name(name) == (name, "")
    title = safe_title(given_name)
    assert 0 < len(title) <= 120
    assert not any(unicodedata.category(char).startswith("C") for char in title)
    assert "/" not in title
    assert "\0" not in title


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("My holiday (1).MP4", ("my-holiday-1", ".mp4")),
        ("/home/me/Über alles.webm", ("uber-alles", ".webm")),
        ("clip.tar.264", ("clip-tar", ".264")),
        ("noext", ("noext", "")),
        ("evil.sh", ("evil-sh", "")),
        ("日本.mkv", ("clip", ".mkv")),
    ],
)
def test_names_stay_recognisable(given_name, expected):
    assert safe_name(given_name) == expected


def leftovers(catalogue: Catalogue) -> list[str]:
    return [path.name for path in catalogue.settings.clips.rglob("*") if path.is_file()]


@pytest.fixture
def body(tmp_path) -> bytes:
    return write_y4m(tmp_path / "source.y4m", moving_planes(32, 32, 4)).read_bytes()


def test_an_upload_is_probed_kept_and_listed_after_a_restart(catalogue, settings, body, known_facts):
    clip = catalogue.add_upload("Mein Film.y4m", io.BytesIO(body), len(body))
    assert (clip.name, clip.title, clip.origin) == ("mein-film", "Mein Film.y4m", "upload")
    assert (clip.frames, clip.fps, clip.width, clip.size_bytes) == (4, "25/1", 32, len(body))
    again = Catalogue(settings, InProcess())
    assert again.get("mein-film") == clip
    assert clip in again.list()


def test_the_length_may_be_unknown_and_pieces_small(catalogue, body):
    class Dribble(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 97) if size >= 0 else 97)

    known = catalogue.add_upload("a.y4m", Dribble(body), len(body))
    unknown = catalogue.add_upload("b.y4m", Dribble(body), None)
    assert known.sha256 == unknown.sha256


def test_bytes_after_the_announced_length_belong_to_the_next_request(catalogue, body):
    stream = io.BytesIO(body + b"GET / HTTP/1.1")
    catalogue.add_upload("a.y4m", stream, len(body))
    assert stream.read() == b"GET / HTTP/1.1"


def test_the_same_name_and_frames_is_the_same_clip_and_other_frames_another(catalogue, tmp_path, body):
    planes = moving_planes(32, 32, 4, seed=9)
    other = write_y4m(tmp_path / "b.y4m", planes).read_bytes()
    mp4 = write_video(tmp_path / "b.mp4", [picture_of(p) for p in planes]).read_bytes()
    first = catalogue.add_upload("a.y4m", io.BytesIO(body), len(body))
    assert catalogue.add_upload("a.y4m", io.BytesIO(body), len(body)) == first
    second = catalogue.add_upload("a.y4m", io.BytesIO(other), len(other))
    assert second.name == "a-2"
    assert catalogue.add_upload("a.mp4", io.BytesIO(mp4), len(mp4)) == second
    assert catalogue.get("a") == first
    assert sorted(path.name for path in catalogue.uploads_folder.iterdir()) == ["a-2.y4m", "a.y4m"]


def test_a_built_in_clip_is_never_replaced(catalogue, body):
    clip = catalogue.add_upload("carphone.y4m", io.BytesIO(body), len(body))
    assert clip.name == "carphone-2"
    assert catalogue.get("carphone").origin == "natural"


@pytest.mark.parametrize("sent", [0, 1, 500])
def test_a_half_sent_body_leaves_nothing(catalogue, body, sent):
    with pytest.raises(ClipError, match=f"{sent} of {len(body)} bytes"):
        catalogue.add_upload("a.y4m", io.BytesIO(body[:sent]), len(body))
    assert leftovers(catalogue) == []


def test_a_connection_that_breaks_leaves_nothing(catalogue, body):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionResetError
            return super().read(100)

    with pytest.raises(ClipError, match="broke off after 100"):
        catalogue.add_upload("a.y4m", Broken(body), len(body))
    assert leftovers(catalogue) == []


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"#EXTM3U\n/etc/passwd\n"])
def test_what_cannot_be_read_leaves_nothing(catalogue, content):
    with pytest.raises(ClipError):
        catalogue.add_upload("a.mp4", io.BytesIO(content), len(content))
    assert leftovers(catalogue) == []


def test_uploads_are_bounded_in_size_whether_announced_or_not(settings, body):
    catalogue = Catalogue(settings.model_copy(update={"upload_max_gb": 1e-6}), InProcess())
    for length in (len(body), None):
        with pytest.raises(ClipError, match="limit"):
            catalogue.add_upload("a.y4m", io.BytesIO(body), length)
    assert leftovers(catalogue) == []


def test_uploads_leave_the_reserved_disk_space_free(settings, body):
    catalogue = Catalogue(settings.model_copy(update={"disk_floor_gb": 1e9}), InProcess())
    with pytest.raises(ClipError, match="Not enough disk space"):
        catalogue.add_upload("a.y4m", io.BytesIO(body), len(body))
    assert leftovers(catalogue) == []


def test_progress_counts_bytes_and_cancel_leaves_nothing(catalogue, body):
    seen = []
    catalogue.add_upload("a.y4m", io.BytesIO(body), len(body), on_progress=lambda *step: seen.append(step))
    assert seen[-1] == (len(body), len(body))
    before = leftovers(catalogue)
    with pytest.raises(ClipCancelled):
        catalogue.add_upload("b.y4m", io.BytesIO(body), len(body), cancel=lambda: True)
    assert leftovers(catalogue) == before
