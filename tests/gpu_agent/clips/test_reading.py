"""A file read in the jail is the clip that it is without one, and is refused with the same sentence."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gpu_agent.clips import Catalogue, ClipError, JailedReading, ReadingUnavailable, reading
from gpu_agent.clips.decode import identify_file
from gpu_agent.clips.errors import ClipCancelled
from gpu_agent.clips.reading import inside
from gpu_agent.jail import Jail, Outcome, Verdict
from gpu_agent.jail.canary import JailStatus

from .media import LOSSLESS, moving_planes, picture_of, write_video, write_y4m


def pictures(width: int = 64, height: int = 48, frames: int = 6) -> list[av.VideoFrame]:
    return [picture_of(p) for p in moving_planes(width, height, frames)]


def noise(frames: int = 20) -> list[av.VideoFrame]:
    """Pictures of which every byte of a file counts."""
    random = np.random.default_rng(1)
    return [
        picture_of([random.integers(16, 235, p.shape).astype(np.uint8) for p in frame])
        for frame in moving_planes(64, 64, frames)
    ]


def damaged(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = np.random.default_rng(2).integers(0, 256, 300).astype(np.uint8).tobytes()
    path.write_bytes(content)
    return path


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def ten_bits(folder: Path) -> Path:
    deep = [picture_of([p.astype("<u2") * 4 for p in f], "yuv420p10le") for f in moving_planes(64, 48, 3)]
    return write_video(folder / "a.mkv", deep, "ffv1", options={})


def grey(folder: Path) -> Path:
    flat = [picture_of(frame[:1], "gray") for frame in moving_planes(64, 48, 3)]
    return write_video(folder / "a.mkv", flat, "ffv1", options={})


def rgb(folder: Path) -> Path:
    colours = np.random.default_rng(3).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    picture = av.VideoFrame.from_ndarray(colours, "rgb24").reformat(format="bgr0")
    return write_video(folder / "a.mkv", [picture], "ffv1", options={})


def variable(folder: Path) -> Path:
    return write_video(
        folder / "a.mkv",
        pictures(32, 32),
        stamps=[0, 40, 80, 200, 210, 400],
        time_base=Fraction(1, 1000),
        options={**LOSSLESS, "x264-params": "bframes=0"},
    )


def damaged_hevc(folder: Path) -> Path:
    options = {"preset": "ultrafast", "x265-params": "log-level=none:crf=10:hash=1"}
    return damaged(write_video(folder / "a.hevc", noise(), "libx265", container="hevc", options=options))


def two_sizes(folder: Path) -> Path:
    parts = [write_video(folder / f"{w}.264", pictures(w, 48), container="h264").read_bytes() for w in (64, 96)]
    (folder / "both.264").write_bytes(b"".join(parts))
    return folder / "both.264"


def sound(folder: Path) -> Path:
    with av.open(str(folder / "a.mkv"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return folder / "a.mkv"


def unknown_codec(folder: Path) -> Path:
    path = write_video(folder / "a.avi", pictures(32, 32), "mpeg4", options={})
    path.write_bytes(path.read_bytes().replace(b"FMP4", b"QQQQ").replace(b"fmp4", b"QQQQ"))
    return path


def file(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


TAIL = 2 * (32 * 32 * 3 // 2 + len(b"FRAME\n"))
FILES: dict[str, Callable[[Path], Path]] = {
    "mp4": lambda folder: write_video(folder / "a.mp4", pictures(), rate=Fraction(30000, 1001)),
    "mp4 by content alone": lambda folder: write_video(folder / "a.mp4", pictures()).rename(folder / "a"),
    "y4m": lambda folder: write_y4m(folder / "a.y4m", moving_planes(32, 32, 5)),
    "raw h264": lambda folder: write_video(folder / "a.H264", pictures(), container="h264"),
    "odd size": lambda folder: write_y4m(folder / "a.y4m", moving_planes(35, 19, 3)),
    "rotated": lambda folder: write_video(folder / "a.mp4", pictures(), rotation=90),
    "ten bits": ten_bits,
    "grey": grey,
    "rgb": rgb,
    "full range": lambda folder: write_video(folder / "a.mp4", pictures(), full_range=True),
    "variable rate": variable,
    "interlaced": lambda folder: write_video(
        folder / "a.mkv", pictures(64, 64), options={**LOSSLESS, "x264-params": "tff=1"}
    ),
    "one frame": lambda folder: write_video(folder / "a.mp4", pictures(frames=1), rate=30),
    "damaged h264": lambda folder: damaged(
        write_video(folder / "a.264", noise(), container="h264", options={"preset": "ultrafast", "crf": "10"})
    ),
    "damaged hevc": damaged_hevc,
    "damaged at the end": lambda folder: file(
        folder, "a.y4m", write_y4m(folder / "b.y4m", moving_planes(32, 32, 6)).read_bytes()[:-TAIL] + b"x" * TAIL
    ),
    "cut": lambda folder: cut(write_video(folder / "a.avi", noise(), "ffv1", options={}), 0.5),
}
REFUSED: dict[str, Callable[[Path], Path]] = {
    "garbage": lambda folder: file(folder, "a.mp4", b"not a video at all\n" * 100),
    "empty": lambda folder: file(folder, "a.y4m", b""),
    "a playlist": lambda folder: file(folder, "a.mp4", b"#EXTM3U\n#EXTINF:1,\n/source/clip.mp4\n"),
    "no index": lambda folder: cut(write_video(folder / "a.mp4", pictures(frames=20)), 0.3),
    "no frame": lambda folder: file(folder, "a.y4m", b"YUV4MPEG2 W64 H48 F25:1\nFRAME\nshort"),
    "no video": sound,
    "an unknown codec": unknown_codec,
    "two sizes": two_sizes,
    "too small": lambda folder: write_y4m(folder / "a.y4m", moving_planes(8, 8, 1)),
    "too large": lambda folder: file(
        folder, "a.y4m", b"YUV4MPEG2 W8200 H16 F25:1\nFRAME\n" + bytes(8200 * 16 * 3 // 2)
    ),
}


@pytest.mark.jail
@pytest.mark.parametrize("mode", [0o644, 0o600])
@pytest.mark.parametrize("name", FILES)
def test_hash_facts_and_planes_are_those_of_the_reader_itself(jail, tmp_path, name, mode):
    path = FILES[name](tmp_path)
    path.chmod(mode)
    here, there, steps = io.BytesIO(), io.BytesIO(), []
    expected = identify_file(path, here)
    found = JailedReading(jail).identify(path, there, total=9, on_progress=lambda *step: steps.append(step))
    assert found == expected
    assert there.getvalue() == here.getvalue()
    assert steps[-1] == (expected[1].frames, 9)


@pytest.mark.jail
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_the_same_words(jail, tmp_path, name):
    path = REFUSED[name](tmp_path)
    with pytest.raises(ClipError) as expected:
        identify_file(path)
    with pytest.raises(ClipError) as found:
        JailedReading(jail).identify(path)
    assert str(found.value) == str(expected.value)


@pytest.mark.jail
def test_an_upload_is_kept_and_its_planes_are_made_by_the_jail_alone(jail, settings, tmp_path, monkeypatch):
    """The process of the catalogue opens no file of a person, whatever is asked of it."""
    body = write_y4m(tmp_path / "a.y4m", moving_planes(32, 32, 5)).read_bytes()
    catalogue = Catalogue(settings, JailedReading(jail))
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened in the agent's own process"))
    clip = catalogue.add_upload("a.y4m", io.BytesIO(body))
    assert (clip.frames, clip.width, clip.fps) == (5, 32, "25/1")
    assert catalogue.planes(clip).stat().st_size == 5 * 32 * 32 * 3 // 2
    assert catalogue.add_file(tmp_path / "a.y4m") == clip
    facts = catalogue.facts_folder / "a.json"
    facts.write_text(facts.read_text().replace("rules", "older rules"))
    assert Catalogue(settings, JailedReading(jail)).get("a") == clip
    with pytest.raises(ClipError, match="not a video the lab can read"):
        catalogue.add_upload("b.mp4", io.BytesIO(b"garbage" * 1000))
    assert [path.name for path in catalogue.uploads_folder.iterdir()] == ["a.y4m"]


class StubJail(Jail):
    """Answers what it is told, and runs nothing."""

    def __init__(self, verdict: Verdict = Verdict.OK, available: bool = True, **outcome) -> None:
        super().__init__()
        self.outcome, self.available, self.runs = Outcome("read", verdict, **outcome), available, 0

    def status(self) -> JailStatus:
        return JailStatus(self.available, "watchdog" if self.available else None, "Install bubblewrap.")

    def read(self, *_, **__) -> Outcome:
        self.runs += 1
        return self.outcome


@pytest.mark.parametrize(
    ("verdict", "kind", "words"),
    [
        (Verdict.CRASH, ClipError, "decoder crashed on this file"),
        (Verdict.MEMORY, ClipError, "more memory than a clip may"),
        (Verdict.TIMEOUT, ClipError, "gave nothing of this file for"),
        (Verdict.OUTPUT_TOO_LARGE, ClipError, "more than any clip of the lab may have"),
        (Verdict.EXCEPTION, ClipError, "reader failed on this file"),
        (Verdict.BAD_STATUS, ClipError, "led astray"),
        (Verdict.OUTPUT_INVALID, ClipError, "led astray"),
        (Verdict.LOG_FLOOD, ClipError, "led astray"),
        (Verdict.STATUS_FLOOD, ClipError, "led astray"),
        (Verdict.LEFTOVER, ClipError, "led astray"),
        (Verdict.OK, ClipError, "led astray"),
        (Verdict.CANCELLED, ClipCancelled, "cancelled"),
        (Verdict.SANDBOX_ERROR, ReadingUnavailable, "could not start"),
        (Verdict.CRASH_START, ReadingUnavailable, "could not start"),
        (Verdict.EXCEPTION_START, ReadingUnavailable, "could not start"),
        (Verdict.TIMEOUT_START, ReadingUnavailable, "could not start"),
    ],
)
def test_every_bad_end_is_a_sentence_that_repeats_nothing_of_the_decoder(tmp_path, verdict, kind, words):
    jail = StubJail(verdict, message="CANARY <script>", log="CANARY")
    with pytest.raises(kind, match=words) as caught:
        JailedReading(jail).identify(tmp_path / "a.mp4")
    assert type(caught.value) is not ClipError or kind is ClipError
    assert "CANARY" not in str(caught.value)
    assert jail.runs == 1, "a bad end is not tried again"


def test_too_long_is_told_apart_from_silence(tmp_path):
    jail = StubJail(Verdict.TIMEOUT, wall_seconds=reading.POLICY.wall_seconds + 1)
    with pytest.raises(ClipError, match="took longer than 6 hours"):
        JailedReading(jail).identify(tmp_path / "a.mp4")


def test_without_a_jail_nothing_is_taken_in_nor_opened(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened in the agent's own process"))
    path = write_y4m(tmp_path / "a.y4m", moving_planes(32, 32, 5))
    jail = StubJail(available=False)
    catalogue = Catalogue(settings, JailedReading(jail))
    stream = io.BytesIO(path.read_bytes())
    for attempt in (lambda: catalogue.add_upload("a.y4m", stream), lambda: catalogue.add_file(path)):
        with pytest.raises(ReadingUnavailable, match=r"in the lab's jail alone.*Install bubblewrap\."):
            attempt()
    assert (stream.tell(), jail.runs) == (0, 0)
    assert not catalogue.uploads_folder.exists()


def test_the_lab_gives_no_catalogue_that_reads_without_being_told_how(settings):
    with pytest.raises(TypeError, match="reading"):
        Catalogue(settings)


def test_no_more_readings_than_turns_and_who_waits_can_be_called_off(tmp_path):
    patient = JailedReading(StubJail())
    for _ in range(reading.AT_ONCE):
        patient._turns.acquire()
    with pytest.raises(ClipCancelled):
        patient.identify(tmp_path / "a.mp4", cancel=lambda: True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("film.mp4", "clip.mp4"),
        ("FILM.MKV", "clip.MKV"),
        (".0a1b.part.y4m", "clip.y4m"),
        ("film", "clip"),
        ("film.a b", "clip"),
        ("film.\n", "clip"),
        ("film." + "x" * 40, "clip"),
    ],
)
def test_in_the_jail_a_file_keeps_its_suffix_and_nothing_else(name, expected):
    assert inside(Path("/somewhere/private") / name) == expected
