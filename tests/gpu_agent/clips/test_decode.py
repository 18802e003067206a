from __future__ import annotations

import hashlib
import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gpu_agent.clips import ClipError
from gpu_agent.clips.decode import DamagedError, FileReader, identify_file
from gpu_agent.clips.identity import Facts, identify

from .media import LOSSLESS, moving_planes, picture_of, raw_bytes, write_video, write_y4m


def read(path: Path) -> tuple[list[tuple[np.ndarray, ...]], Facts]:
    reader = FileReader(path)
    frames = [tuple(np.array(plane) for plane in frame) for frame in reader]
    return frames, reader.facts


def same(got, expected) -> bool:
    return len(got) == len(expected) and all(
        np.array_equal(a, b) for one, other in zip(got, expected) for a, b in zip(one, other)
    )


@pytest.mark.parametrize(
    ("name", "codec", "container", "options"),
    [
        ("a.mp4", "libx264", None, LOSSLESS),
        ("a.mov", "libx264", None, LOSSLESS),
        ("a.mkv", "libx264", None, LOSSLESS),
        ("a.avi", "ffv1", None, {}),
        ("a.264", "libx264", "h264", LOSSLESS),
        ("a.h264", "libx264", "h264", {"qp": "0", "preset": "medium"}),
        ("a.hevc", "libx265", "hevc", {"preset": "ultrafast", "x265-params": "lossless=1:log-level=none"}),
        ("a.265", "libx265", "hevc", {"preset": "medium", "x265-params": "lossless=1:log-level=none"}),
        ("a.webm", "libvpx-vp9", None, {"lossless": "1"}),
        ("a.y4m", "wrapped_avframe", "yuv4mpegpipe", {}),
    ],
)
def test_lossless_files_give_the_very_planes_in_display_order(tmp_path, name, codec, container, options):
    planes = moving_planes(64, 48, 12)
    path = write_video(
        tmp_path / name, [picture_of(p) for p in planes], codec, container=container, options=options, rate=25
    )
    frames, facts = read(path)
    assert same(frames, planes)
    assert (facts.frames, facts.fps) == (12, 25)
    assert (facts.width, facts.height, facts.visible_width, facts.visible_height) == (64, 48, 64, 48)


def test_the_hash_is_the_planes_and_the_trailer_whatever_the_container(tmp_path):
    planes, rate = moving_planes(48, 32, 7), Fraction(24000, 1001)
    pictures = [picture_of(p) for p in planes]
    paths = [
        write_y4m(tmp_path / "a.y4m", planes, rate),
        write_video(tmp_path / "a.mp4", pictures, rate=rate),
        write_video(tmp_path / "a.mkv", pictures, rate=rate),
        write_video(tmp_path / "a.webm", pictures, "libvpx-vp9", options={"lossless": "1"}, rate=rate),
    ]
    expected = hashlib.sha256(raw_bytes(planes) + b"\n48x32 24000/1001\n").hexdigest()
    assert [identify(FileReader(path)) for path in paths] == [expected] * 4


def test_rate_size_and_every_sample_enter_the_hash(tmp_path):
    planes = moving_planes(48, 32, 3)
    changed = [tuple(p.copy() for p in frame) for frame in planes]
    changed[2][2][0, 0] ^= 1
    hashes = {
        identify(FileReader(write_y4m(tmp_path / f"{n}.y4m", frames, rate)))
        for n, (frames, rate) in enumerate([(planes, 25), (planes, 30), (changed, 25), (planes[:2], 25)])
    }
    assert len(hashes) == 4


@pytest.mark.parametrize(("width", "height"), [(33, 32), (32, 17), (35, 19)])
@pytest.mark.parametrize("suffix", ["y4m", "webm"])
def test_odd_sizes_are_padded_by_repeating_the_edge(tmp_path, width, height, suffix):
    planes = moving_planes(width, height, 3)
    if suffix == "y4m":
        path = write_y4m(tmp_path / "a.y4m", planes)
    else:
        path = write_video(
            tmp_path / "a.webm", [picture_of(p) for p in planes], "libvpx-vp9", options={"lossless": "1"}
        )
    frames, facts = read(path)
    assert (facts.visible_width, facts.visible_height) == (width, height)
    assert (facts.width, facts.height) == (width + width % 2, height + height % 2)
    assert "Padded" in facts.notes[0]
    for got, original in zip(frames, planes):
        assert got[0].shape == (facts.height, facts.width)
        assert got[1].shape == got[2].shape == (facts.height // 2, facts.width // 2)
        assert np.array_equal(got[0][:height, :width], original[0])
        assert np.array_equal(got[0][-1], got[0][height - 1])
        assert np.array_equal(got[0][:, -1], got[0][:, width - 1])
        assert np.array_equal(got[1], original[1])
        assert np.array_equal(got[2], original[2])


def test_ten_bits_become_eight_and_the_clip_says_so(tmp_path):
    planes = moving_planes(64, 48, 3)
    deep = [picture_of([p.astype("<u2") * 4 for p in frame], "yuv420p10le") for frame in planes]
    path = write_video(tmp_path / "a.mkv", deep, "ffv1", options={})
    frames, facts = read(path)
    assert facts.pix_fmt == "yuv420p10le"
    assert "8-bit 4:2:0" in facts.notes[0]
    for got, original in zip(frames, planes):
        for a, b in zip(got, original):
            assert np.abs(a.astype(int) - b).max() <= 1


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p"])
def test_finer_chroma_is_halved_and_luma_kept(tmp_path, pix_fmt):
    y = moving_planes(64, 48, 1)[0][0]
    width = 32 if pix_fmt == "yuv422p" else 64
    flat = np.full((48, width), 90, np.uint8)
    path = write_video(tmp_path / "a.mkv", [picture_of([y, flat, flat + 60], pix_fmt)] * 2, "ffv1", options={})
    frames, facts = read(path)
    assert np.array_equal(frames[0][0], y)
    assert frames[0][1].shape == (24, 32)
    assert (frames[0][1] == 90).all()
    assert (frames[0][2] == 150).all()
    assert pix_fmt in facts.notes[0]


def test_rgb_becomes_limited_range_bt709(tmp_path):
    colours = {(255, 255, 255): (235, 128, 128), (0, 0, 0): (16, 128, 128), (255, 0, 0): (63, 102, 240)}
    for n, (rgb, yuv) in enumerate(colours.items()):
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), rgb, np.uint8), "rgb24").reformat(format="bgr0")
        frames, facts = read(write_video(tmp_path / f"{n}.mkv", [picture], "ffv1", options={}))
        assert (facts.matrix, facts.full_range) == ("bt709", False)
        assert [int(p[8, 8]) for p in frames[0]] == pytest.approx(yuv, abs=1)


def test_full_range_is_kept_and_flagged(tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    chroma = np.full((16, 128), 128, np.uint8)
    tagged = write_video(tmp_path / "a.mp4", [picture_of([ramp, chroma, chroma])], full_range=True)
    y4m = write_y4m(tmp_path / "a.y4m", [(ramp, chroma, chroma)], tags=" XCOLORRANGE=FULL")
    finer = picture_of([ramp, np.full((32, 128), 128, np.uint8), np.full((32, 128), 128, np.uint8)], "yuv422p")
    converted = write_video(tmp_path / "a.mkv", [finer], "ffv1", options={}, full_range=True)
    for path in (tagged, y4m, converted):
        frames, facts = read(path)
        assert facts.full_range
        assert np.array_equal(frames[0][0], ramp)
    assert not read(write_y4m(tmp_path / "b.y4m", [(ramp, chroma, chroma)]))[1].full_range


def test_matrix_is_the_streams_else_by_size(tmp_path):
    small, large = moving_planes(64, 48, 1), moving_planes(1280, 64, 1)
    assert read(write_y4m(tmp_path / "a.y4m", small))[1].matrix == "bt601"
    assert read(write_y4m(tmp_path / "b.y4m", large))[1].matrix == "bt709"
    tagged = write_video(tmp_path / "c.mp4", [picture_of(small[0])], colorspace=1)
    assert read(tagged)[1].matrix == "bt709"
    tagged = write_video(tmp_path / "d.mp4", [picture_of(large[0])], colorspace=6)
    assert read(tagged)[1].matrix == "bt601"


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_rotated_video_is_turned_upright_without_loss(tmp_path, angle):
    planes = moving_planes(64, 48, 2)
    frames, facts = read(
        write_video(tmp_path / "a.mp4", [picture_of(p) for p in planes], rotation=angle if angle < 270 else -90)
    )
    # The display matrix turns counterclockwise by the angle, as numpy's rot90 does.
    expected = [tuple(np.rot90(plane, angle // 90) for plane in frame) for frame in planes]
    assert same(frames, expected)
    assert (facts.visible_width, facts.visible_height) == ((48, 64) if angle != 180 else (64, 48))
    assert "Turned upright" in " ".join(facts.notes)


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60000/1001", "25", "50", "12", "15/2"])
def test_rounded_time_stamps_still_give_the_exact_rate(tmp_path, rate):
    rate = Fraction(rate)
    path = write_video(tmp_path / "a.mkv", [picture_of(p) for p in moving_planes(32, 32, 40)], rate=rate)
    facts = read(path)[1]
    assert facts.fps == rate
    assert facts.notes == []


def test_variable_frame_rate_keeps_every_frame_and_names_the_average(tmp_path):
    stamps = [0, 40, 80, 200, 210, 400]
    path = write_video(
        tmp_path / "a.mkv",
        [picture_of(p) for p in moving_planes(32, 32, 6)],
        stamps=stamps,
        time_base=Fraction(1, 1000),
        options={**LOSSLESS, "x264-params": "bframes=0"},
    )
    facts = read(path)[1]
    assert (facts.frames, facts.fps) == (6, Fraction(25, 2))
    assert "Variable frame rate" in facts.notes[0]


def test_one_frame_is_a_clip(tmp_path):
    planes = moving_planes(32, 32, 1)
    for path in (
        write_y4m(tmp_path / "a.y4m", planes, 30),
        write_video(tmp_path / "a.mp4", [picture_of(planes[0])], rate=30),
    ):
        frames, facts = read(path)
        assert same(frames, planes)
        assert (facts.frames, facts.fps) == (1, 30)


def test_interlaced_video_is_noted(tmp_path):
    pictures = [picture_of(p) for p in moving_planes(64, 64, 4)]
    path = write_video(tmp_path / "a.mkv", pictures, options={**LOSSLESS, "x264-params": "tff=1"})
    assert any("Interlaced" in note for note in read(path)[1].notes)


def test_a_truncated_file_is_used_up_to_the_damage_and_says_so(tmp_path):
    noise = np.random.default_rng(1)
    planes = [
        tuple(noise.integers(16, 235, p.shape).astype(np.uint8) for p in frame) for frame in moving_planes(64, 64, 20)
    ]
    whole = write_video(
        tmp_path / "a.mkv", [picture_of(p) for p in planes], options={**LOSSLESS, "x264-params": "keyint=1"}
    )
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 55 // 100])
    frames, facts = read(cut)
    assert 8 <= facts.frames <= 12
    assert same(frames, planes[: facts.frames])


def test_a_file_cut_short_of_its_announced_frames_says_how_many_there_are(tmp_path):
    planes = moving_planes(64, 64, 20)
    whole = write_video(tmp_path / "a.avi", [picture_of(p) for p in planes], "ffv1", options={})
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames, facts = read(cut)
    assert 0 < facts.frames < 20
    assert same(frames, planes[: facts.frames])
    assert any("20 frames" in note or "damaged" in note for note in facts.notes)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.264", "libx264", {"preset": "ultrafast", "crf": "10"}),
        ("a.hevc", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none:crf=10:hash=1"}),
    ],
)
def test_damage_in_the_middle_is_said_and_hashes_the_same_each_time(tmp_path, name, codec, options):
    noise = np.random.default_rng(1)
    planes = [
        tuple(noise.integers(16, 235, p.shape).astype(np.uint8) for p in frame) for frame in moving_planes(64, 64, 20)
    ]
    container = "h264" if codec == "libx264" else "hevc"
    path = write_video(tmp_path / name, [picture_of(p) for p in planes], codec, container=container, options=options)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = noise.integers(0, 256, 300).astype(np.uint8).tobytes()
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        read(path)
    outcomes = [identify_file(path) for _ in range(4)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    facts = outcomes[0][1]
    assert 1 <= facts.frames <= 20
    assert any("damaged" in note for note in facts.notes)


def test_a_damaged_file_gives_the_same_planes_as_its_hash(tmp_path):
    path = write_y4m(tmp_path / "a.y4m", moving_planes(32, 32, 6))
    content = path.read_bytes()
    frame = 32 * 32 * 3 // 2 + len(b"FRAME\n")
    path.write_bytes(content[: -2 * frame] + b"x" * (2 * frame))
    sink = io.BytesIO()
    sha256, facts = identify_file(path, sink)
    assert facts.frames == 4
    assert sink.getvalue() == raw_bytes(moving_planes(32, 32, 6)[:4])
    assert hashlib.sha256(sink.getvalue() + b"\n32x32 25/1\n").hexdigest() == sha256
    assert any("damaged after frame 4" in note for note in facts.notes)


def test_a_codec_nobody_knows_is_refused(tmp_path):
    path = write_video(tmp_path / "a.avi", [picture_of(p) for p in moving_planes(32, 32, 2)], "mpeg4", options={})
    path.write_bytes(path.read_bytes().replace(b"FMP4", b"QQQQ").replace(b"fmp4", b"QQQQ"))
    with pytest.raises(ClipError, match="cannot decode"):
        identify_file(path)


def test_an_mp4_without_its_index_is_refused(tmp_path):
    whole = write_video(tmp_path / "a.mp4", [picture_of(p) for p in moving_planes(64, 64, 20)])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(ClipError, match="not a video the lab can read"):
        read(cut)


def test_a_changing_frame_size_is_refused_with_both_sizes(tmp_path):
    one = write_video(
        tmp_path / "a.264", [picture_of(p) for p in moving_planes(64, 48, 4)], container="h264"
    ).read_bytes()
    other = write_video(
        tmp_path / "b.264", [picture_of(p) for p in moving_planes(96, 48, 4)], container="h264"
    ).read_bytes()
    both = tmp_path / "both.264"
    both.write_bytes(one + other)
    with pytest.raises(ClipError, match=r"64x48.*96x48.*frame 5"):
        read(both)


def test_no_video_stream_is_refused(tmp_path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        out.mux(stream.encode(sound))
        out.mux(stream.encode())
    with pytest.raises(ClipError, match="no video stream"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"not a video at all\n" * 100,
        b"\0" * 10_000,
        bytes(range(256)) * 64,
        b"YUV4MPEG2 W64 H48 F25:1\n",
        b"YUV4MPEG2 W64 H48 F25:1\nFRAME\nshort",
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".264", ".y4m", ""])
def test_what_is_no_video_is_refused_with_a_sentence(tmp_path, content, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ClipError) as caught:
        read(path)
    assert str(caught.value).endswith(".")


def test_playlists_that_point_elsewhere_are_not_followed(tmp_path):
    secret = write_video(tmp_path / "secret.mp4", [picture_of(p) for p in moving_planes(32, 32, 2)])
    for name, content in {
        "a.m3u8": f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "a.mp4": f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "a.ffconcat": f"ffconcat version 1.0\nfile {secret.name}\n",
    }.items():
        path = tmp_path / "up" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        with pytest.raises(ClipError, match="not a video the lab can read"):
            read(path)


def test_sizes_that_no_metric_or_memory_can_take_are_refused(tmp_path):
    with pytest.raises(ClipError, match="8x8"):
        read(write_y4m(tmp_path / "a.y4m", moving_planes(8, 8, 1)))
    wide = tmp_path / "wide.y4m"
    wide.write_bytes(b"YUV4MPEG2 W8200 H16 F25:1\nFRAME\n" + bytes(8200 * 16 * 3 // 2))
    with pytest.raises(ClipError, match="8200x16"):
        read(wide)
