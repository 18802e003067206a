"""Archives that lie: paths that lead out, bombs, damage, claims that do not fit, and anything at all by hypothesis."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_agent.archive import ArchiveError, layout, open_archive, read, restore
from gpu_agent.archive.restore import PREFIX
from gpu_agent.bitstream import HEADER, MAGIC
from gpu_agent.blind import Stimulus
from gpu_agent.owned_folder import OwnedFolder
from tests.gpu_agent.blindtests import blind_test, stimulus

from .conftest import Home, bitstream, manifest_of, put, rated


def unpacked(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        return {n: found.read(n) for n in found.namelist() if n != "archive.json"}


def packed(path, files: dict[str, bytes], manifest: bytes | None = None, **more) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive.json", manifest if manifest is not None else manifest_of(files, "x", **more))
        for name, data in files.items():
            out.writestr(name, data)


def refused(path, other: Home, match: str) -> None:
    with pytest.raises(ArchiveError, match=match), open_archive(path) as archive:
        restore(archive, other.store, other.artifacts, other.blind)
    assert other.store.outlines() == []
    assert not any(p.is_file() for p in other.artifacts.kept.rglob("*"))


def changed_record(files: dict[str, bytes], **changes) -> dict[str, bytes]:
    record = json.loads(files["record.json"]) | changes
    return files | {"record.json": json.dumps(record).encode()}


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.py",
        "/etc/evil",
        "artifacts/../../evil",
        "artifacts/carphone/r22/preview.mp4",
        "artifacts/x\\..\\y",
        "a\0b",
    ],
)
def test_names_that_no_point_has_are_refused(zipped, other, name):
    files = unpacked(zipped)
    packed(zipped, files | {name: b"x"})
    refused(zipped, other, "belongs to no point|does not name exactly")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"id": "../../up"}, "no id"),
        ({"status": "running"}, "has not ended"),
        ({"code": "RATES = (1,)\n"}, "another hash or size"),
        ({"clips": [{"name": "../up"}]}, "in a way that no catalogue does"),
        ({"clips": [{"name": "a/b"}]}, "in a way that no catalogue does"),
        ({"unknown": 1}, "not a record of this version: unknown"),
        ({"decoder_bytes": 1}, "another hash or size"),
        ({"clips": []}, "do not fit"),
    ],
)
def test_records_that_no_run_would_have_written(zipped, other, changes, match):
    packed(zipped, changed_record(unpacked(zipped), **changes))
    refused(zipped, other, match)


def test_artifacts_under_odd_paths_and_points_twice(zipped, other):
    files = unpacked(zipped)
    rows = json.loads(files["record.json"])["results"]
    odd = [rows[0] | {"artifacts": {"bitstream": "../../../evil.clb"}}, rows[1]]
    packed(zipped, changed_record(files, results=odd))
    refused(zipped, other, "odd path")
    packed(zipped, changed_record(files, results=[rows[0], rows[0]]))
    refused(zipped, other, "do not fit")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"one": stimulus("exp-000003")}, "not about this experiment"),
        ({"clip_sha256": "1" * 64}, "not about this experiment and a clip"),
        ({"closed_at": None}, "not finished"),
        ({"elsewhere": True}, "not finished"),
        ({"two": stimulus(preview="../../token")}, "a path that is none"),
        ({"two": stimulus(exact="exp-000001/%2e%2e/{frame}")}, "a path that is none"),
        ({"two": stimulus("exp-000002", exact="exp-000001/{frame}.png")}, "a path that is none"),
        ({"created_at": "yesterday"}, "not a list of blind tests"),
        ({"trials": [{"id": "0", "swapped": False, "x_is": "a"}]}, "not a list of blind tests"),
        ({"frames": 0}, "not a list of blind tests"),
        ({"kind": "abxy"}, "not a list of blind tests"),
        ({"id": "../up"}, "not a list of blind tests"),
    ],
)
def test_blind_tests_that_nobody_took_here(zipped, record, other, changes, match):
    own = stimulus(record.id)
    good = blind_test(own, stimulus("exp-000002", 27), "ab", closed_at="2026-02-01T00:00:00Z").model_dump(mode="json")
    bad = good | {n: v.model_dump() if isinstance(v, Stimulus) else v for n, v in changes.items()}
    files = unpacked(zipped)
    packed(zipped, files | {"blind.json": json.dumps([bad]).encode()})
    refused(zipped, other, match)
    assert other.blind.of_experiment(record.id) == []
    packed(zipped, files | {"blind.json": json.dumps([good, good]).encode()})
    refused(zipped, other, "one test twice")
    packed(zipped, files | {"blind.json": json.dumps([good]).encode()})
    with open_archive(zipped) as archive:
        assert [t.id for t in archive.blind] == [good["id"]]


def test_another_bitstream_than_was_measured(zipped, other):
    files = unpacked(zipped)
    whole = bitstream(22)
    packed(zipped, files | {"artifacts/carphone/r22/bitstream.clb": whole[:-1] + b"x"})
    refused(zipped, other, "not the bitstream that was measured")
    packed(zipped, files | {"artifacts/carphone/r22/bitstream.clb": bitstream(3)})
    refused(zipped, other, "claims 926 bytes, but its bitstream has 147")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"bytes": 925}, "claims 925 bytes, but its bitstream has 926"),
        ({"kbps": 23.1}, "claims 23.1 kbps, but its bytes, frames and fps give 23.15"),
        ({"kbps": float("nan")}, "not a record of this version|claims nan kbps"),
        ({"bpp": 0.036}, "claims 0.036 bits a pixel"),
        ({"frames": 4}, "kbps"),
        ({"frames": 16}, "its clip has not so many"),
        ({"frames": 0}, "its clip has not so many"),
        ({"bytes": 463, "kbps": 11.575, "bpp": 463 / (22 * 144 * 8)}, "claims 463 bytes"),
    ],
)
def test_figures_that_do_not_follow_from_the_files(zipped, other, changes, match):
    files = unpacked(zipped)
    rows = json.loads(files["record.json"])["results"]
    rows[0] |= changes
    packed(zipped, changed_record(files, results=rows))
    refused(zipped, other, match)


def test_rates_of_a_point_whose_bitstream_is_gone_are_held_to_its_bytes(zipped, other):
    files = unpacked(zipped)
    lost = "artifacts/carphone/r22/bitstream.clb"
    del files[lost]
    rows = json.loads(files["record.json"])["results"]
    files = changed_record(files, results=[rows[0] | {"kbps": 1.0}, rows[1]])
    packed(zipped, files, manifest_of(files, "x", missing=[lost]))
    refused(zipped, other, "claims 1 kbps")


def test_a_clip_of_odd_size_has_its_bits_a_pixel_of_what_is_seen(zipped, other):
    files = unpacked(zipped)
    rows = json.loads(files["record.json"])["results"]
    rows[0] |= {"bpp": rows[0]["bytes"] * 8 / (175 * 143 * 8)}
    packed(zipped, changed_record(files, results=rows))
    with open_archive(zipped) as archive:
        assert restore(archive, other.store, other.artifacts, other.blind) == "new"


def test_a_file_that_is_not_what_the_list_says(zipped, other):
    files = unpacked(zipped)
    packed(zipped, files | {"log.txt": b"a longer log than the list says"}, manifest_of(files, "x"))
    refused(zipped, other, "another size")
    packed(zipped, files | {"log.txt": b"x" * len(files["log.txt"])}, manifest_of(files, "x"))
    refused(zipped, other, "damaged")
    frames = "artifacts/carphone/r22/frames.json"
    packed(zipped, files | {frames: b"x" * len(files[frames])}, manifest_of(files, "x"))
    refused(zipped, other, "damaged")


def test_what_is_lacking_without_being_told(zipped, other):
    files = unpacked(zipped)
    del files["artifacts/carphone/r22/bitstream.clb"]
    packed(zipped, files)
    refused(zipped, other, "lacks")
    packed(zipped, {n: d for n, d in files.items() if n != "code.py"})
    refused(zipped, other, "does not name exactly")


def test_bombs_are_refused_before_they_are_unpacked(zipped, other, monkeypatch):
    files = unpacked(zipped)
    packed(zipped, files | {"log.txt": b"\0" * (layout.MAX_TEXT + 1)})
    refused(zipped, other, "too large")
    monkeypatch.setattr(read, "MAX_TOTAL", 1000)
    packed(zipped, files)
    refused(zipped, other, "says nothing useful|would unpack to")
    monkeypatch.setattr(read, "MAX_FILES", 5)
    refused(zipped, other, "too many files")


def rewritten(files: dict[str, bytes], data: bytes, **changes) -> dict[str, bytes]:
    """The files with another bitstream at the first point, whose row is told its hash."""
    rows = json.loads(files["record.json"])["results"]
    rows[0] |= rated(data) | changes
    return changed_record(files, results=rows) | {"artifacts/carphone/r22/bitstream.clb": data}


def test_a_bitstream_of_packets_without_end_is_refused_before_they_are_read(zipped, other, tmp_path, monkeypatch):
    """300 MB of them took five minutes; these would take half a minute."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    packed(zipped, rewritten(unpacked(zipped), bitstream() + bytes(30 << 20)))
    assert zipped.stat().st_size < 1 << 20
    refused(zipped, other, "more than the 1,536 packets that its frames may have")
    assert list(tmp_path.glob(f"{PREFIX}*")) == []


def test_packets_are_counted_over_all_bitstreams(zipped, other, monkeypatch):
    monkeypatch.setattr(read, "MAX_PACKETS", 54)
    with open_archive(zipped) as archive:
        restore(archive, other.store, other.artifacts, other.blind)
    monkeypatch.setattr(read, "MAX_PACKETS", 53)
    again = Home(other.artifacts.kept.parent / "again")
    refused(zipped, again, "bitstreams have too many packets")


def test_what_unpacks_to_a_hundred_times_its_size_is_refused_before_that(zipped, other):
    files = unpacked(zipped)
    packed(zipped, rewritten(files, bitstream() + bytes(200 << 20)))
    refused(zipped, other, "it is a bomb")


@pytest.mark.parametrize("info", [(176, 144, 9, 25), (352, 144, 8, 25), (176, 144, 8, 30), (65_534, 65_534, 8, 25)])
def test_a_bitstream_of_another_clip_than_its_point_has(zipped, other, info):
    header = HEADER.pack(MAGIC, *info, 1)
    packed(zipped, rewritten(unpacked(zipped), header + bitstream()[HEADER.size :]))
    refused(zipped, other, "another size, frame rate or number of frames")


@pytest.mark.parametrize("changes", [{"width": 65_534}, {"frames": 1 << 40}])
def test_clips_that_no_lab_has(zipped, other, changes):
    files = unpacked(zipped)
    clips = [json.loads(files["record.json"])["clips"][0] | changes]
    packed(zipped, changed_record(files, clips=clips))
    refused(zipped, other, "larger or longer")


def test_an_import_that_was_killed_is_swept_by_the_next_and_one_that_goes_on_is_not(
    zipped, other, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "0").write_bytes(b"x")
    with OwnedFolder(PREFIX) as living, open_archive(zipped) as archive:
        restore(archive, other.store, other.artifacts, other.blind)
        assert living.is_dir()
    assert list(tmp_path.glob(f"{PREFIX}*")) == []


def test_a_size_in_the_directory_that_is_a_lie_unpacks_no_more_than_is_listed(zipped, other):
    files = unpacked(zipped)
    honest = manifest_of(files, "x")
    packed(zipped, files | {"events.json": b" " * 5_000_000 + files["events.json"]}, honest)
    raw = bytearray(zipped.read_bytes())
    at = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"events.json"))
    struct.pack_into("<I", raw, at + 24, len(files["events.json"]))
    zipped.write_bytes(raw)
    refused(zipped, other, "unpacked|damaged|larger")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format": "other/1"}', b"\xff\xfe", b"[" * 100_000])
def test_manifests_that_are_none(zipped, other, text):
    packed(zipped, unpacked(zipped), text)
    refused(zipped, other, "cannot be read|no archive of the format")


def test_no_zip_no_file_and_a_name_twice(zipped, other, tmp_path):
    (tmp_path / "no.zip").write_bytes(b"this is not a zip")
    refused(tmp_path / "no.zip", other, "no zip file")
    refused(tmp_path / "gone.zip", other, "No such file")
    files = unpacked(zipped)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(zipped, "a") as out:
        out.writestr("code.py", files["code.py"])
    refused(zipped, other, "one name twice")


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> bytes:
    home = Home(tmp_path_factory.mktemp("good"))
    record = put(home)
    home.blind.create(blind_test(stimulus(record.id), answers="ab", closed_at="2026-02-01T00:00:00Z"))
    return home.archive(record)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 400),
)
def test_whatever_is_damaged_is_a_sentence_or_harmless(good, tmp_path_factory, edits, cut):
    """Any bytes changed, and the end cut: a refusal in words, or exactly the content that was written."""
    raw = bytearray(good)
    for at, value in edits:
        raw[at % len(raw)] = value
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "a.zip"
    path.write_bytes(bytes(raw[: len(raw) - cut] if cut > 200 else raw))
    other = Home(folder / "other")
    said = None
    try:
        with open_archive(path) as archive:
            restore(archive, other.store, other.artifacts, other.blind)
    except ArchiveError as e:
        said = str(e)
    found = other.store.outlines()
    assert bool(found) == (said is None)
    assert said != ""
    if found:
        with zipfile.ZipFile(io.BytesIO(good)) as zipped:
            wanted = json.loads(zipped.read("record.json"))
        assert json.loads(other.store.get(wanted["id"]).model_dump_json())["results"] == wanted["results"]


@settings(max_examples=80)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_in_words(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "a.zip"
    path.write_bytes(data)
    with pytest.raises(ArchiveError), open_archive(path):
        pass
