"""Artifacts of a real run over HTTP: ranges, what is made again, and paths that lead nowhere."""

import hashlib
import shutil

import cv2
import numpy as np
import pytest

from gpu_agent.contract import EXAMPLE
from gpu_agent.server import artifacts
from tests.gpu_agent.live import Wire, ask, run

pytestmark = pytest.mark.jail
CODE = EXAMPLE.replace("RATES", "import sys\nprint('said in', sys.argv[0] and 'the jail')\nRATES")


@pytest.fixture(scope="module")
def done(client):
    e = run(client, CODE)
    assert e.status == "succeeded", e.error
    return e


@pytest.fixture
def point(done):
    return f"/artifacts/{done.id}/tiny/r4"


@pytest.fixture
def bitstream(agent, done):
    """The stored bitstream's file; what a test does to it is undone."""
    path = agent.tools.artifacts.local(f"{done.id}/tiny/r4/bitstream.clb")
    kept = path.read_bytes()
    yield path
    path.write_bytes(kept)


def drop_all(agent):
    shutil.rmtree(agent.settings.cache)


def test_everything_that_the_record_names_is_there(agent, done, point):
    row = done.results[0]
    assert set(row.artifacts) == {"bitstream", "frames", "worst", "decoded", "preview"}
    for path in row.artifacts.values():
        assert ask(agent, "GET", f"/artifacts/{done.id}/{path}").status == 200
    bits = ask(agent, "GET", f"{point}/bitstream.clb")
    assert hashlib.sha256(bits.body).hexdigest() == row.bitstream_sha256
    assert len(bits.body) == row.bytes
    assert bits.headers["x-content-type-options"] == "nosniff"
    frames = ask(agent, "GET", f"{point}/frames.json").json
    assert len(frames["psnr_y"]) == len(frames["bits"]) == 8
    code = ask(agent, "GET", f"/artifacts/{done.id}/code.py")
    assert (code.body.decode(), code.headers["content-type"]) == (CODE, "text/x-python; charset=utf-8")
    preview = ask(agent, "GET", f"{point}/preview.mp4")
    assert preview.headers["content-type"] == "video/mp4"


def test_what_the_codec_printed_is_in_the_record(done):
    assert done.log.count("said in the jail") == 2
    assert "[encode tiny at rate 4]" in done.log
    assert "[decode tiny at rate 4]" in done.log


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-0", 0, 0), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=3-1000000", 3, None)]
)  # fmt: skip
def test_a_range_is_sent_alone(agent, point, asked, first, last):
    with Wire(agent) as wire:
        whole = wire.ask("GET", f"{point}/preview.mp4")
        assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
        size = len(whole.body)
        first = first % size
        last = size - 1 if last is None else last
        part = wire.ask("GET", f"{point}/preview.mp4", Range=asked)
        assert part.status == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole.body[first : last + 1]


def test_a_range_outside_is_told_the_size(agent, point, done):
    with Wire(agent) as wire:
        answer = wire.ask("GET", f"{point}/bitstream.clb", Range="bytes=9999999-")
        assert (answer.status, answer.error) == (416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{done.results[0].bytes}"
        assert wire.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "more", [{"Range": "bytes=0-1,5-6"}, {"Range": "bytes=x"}, {"Range": "bytes=0-1", "If_Range": '"x"'}]
)
def test_other_ranges_get_the_whole_file(agent, point, done, more):
    answer = ask(agent, "GET", f"{point}/bitstream.clb", **more)
    assert (answer.status, len(answer.body)) == (200, done.results[0].bytes)


def test_head_tells_the_size_and_keeps_the_connection(agent, point, done):
    with Wire(agent) as wire:
        for asked in (None, "bytes=0-3"):
            answer = wire.ask("HEAD", f"{point}/bitstream.clb", Range=asked)
            assert (answer.status, int(answer.headers["content-length"])) == (200, done.results[0].bytes)


@pytest.mark.parametrize(
    "path",
    ["../token", "..%2ftoken", "%2e%2e/%2e%2e/token", "%252e%252e/token", "tiny/r4/../../../token", "tiny/r4/%2e%2e/x",
     "tiny/r4//etc/passwd", "/etc/passwd", "tiny/r4/..%5c..%5ctoken", "tiny/r4/%00", "tiny/r4/bitstream.clb%0a",
     "tiny/r4/.hidden", "tiny/r4/bitstream.clb/", "tiny/r5/bitstream.clb", "other/r4/bitstream.clb", "tiny/r04/preview.mp4",
     "code.py/x", "tiny", "tiny/r4/frames/99999999999/source.png", "tiny/r4/frames/0/secret.png", "tiny/r4/decoded.yuv.bak"],
)  # fmt: skip
@pytest.mark.parametrize("owner", [None, "clips", "..", "no-such-id"])
def test_a_path_that_leads_out_or_nowhere_is_not_found(agent, done, path, owner):
    answer = ask(agent, "GET", f"/artifacts/{owner or done.id}/{path}")
    assert (answer.status, answer.error) == (404, "not_found")
    assert agent.token.encode() not in answer.body


def test_what_was_dropped_is_made_again_from_the_bitstream(agent, done, point):
    first = {
        name: ask(agent, "GET", f"{point}/{name}")
        for name in ("decoded.yuv", "decoded.y4m", "preview.mp4", "frames/3/decoded.png")
    }
    drop_all(agent)
    for name, answer in first.items():
        again = ask(agent, "GET", f"{point}/{name}")
        assert (answer.status, again.status) == (200, 200), again.body[:200]
        assert name == "preview.mp4" or again.body == answer.body
    planes = first["decoded.yuv"].body
    assert hashlib.sha256(planes).hexdigest() == done.results[0].decoded_sha256
    frames = first["decoded.y4m"].body.split(b"FRAME\n")[1:]
    assert b"".join(frames) == planes
    source = ask(agent, "GET", f"/artifacts/clips/{done.clips[0].sha256}/preview.mp4")
    assert (source.status, source.body[4:8]) == (200, b"ftyp")
    assert list((agent.settings.cache / "work").iterdir()) == []


@pytest.mark.parametrize("kind", ["source", "decoded", "difference"])
def test_an_exact_frame_is_a_png_of_the_clip_s_size(agent, point, kind):
    answer = ask(agent, "GET", f"{point}/frames/7/{kind}.png?gain=4")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR).shape == (32, 32, 3)


def test_a_frame_beyond_the_end_is_told_the_range(agent, point):
    answer = ask(agent, "GET", f"{point}/frames/8/source.png")
    assert (answer.status, answer.error) == (404, "not_found")
    assert "0 to 7" in answer.json["error"]["message"]


@pytest.mark.parametrize(("gain", "status"), [("x", 400), ("-5", 200), ("1e9", 200), ("nan", 200)])
def test_an_odd_gain_is_bounded_or_refused(agent, point, gain, status):
    assert ask(agent, "GET", f"{point}/frames/0/difference.png?gain={gain}").status == status


@pytest.mark.parametrize(
    "tamper", [lambda bits: bits[:-1], lambda bits: b"", lambda bits: bits[:9] + b"\xff" + bits[10:]]
)
def test_a_tampered_bitstream_is_not_decoded(agent, point, bitstream, tamper):
    bitstream.write_bytes(tamper(bitstream.read_bytes()))
    drop_all(agent)
    for name in ("decoded.y4m", "preview.mp4", "frames/0/decoded.png"):
        answer = ask(agent, "GET", f"{point}/{name}")
        assert (answer.status, answer.error) == (409, "bitstream_changed")


def test_frames_that_come_out_otherwise_are_not_shown_as_the_run_s(agent, client):
    e = run(
        client,
        EXAMPLE.replace(
            "planes = known.astype(np.uint8)", "planes = known.astype(np.uint8) ^ __import__('os').urandom(1)[0]"
        ),
    )
    drop_all(agent)
    answer = ask(agent, "GET", f"/artifacts/{e.id}/tiny/r4/decoded.y4m")
    assert (answer.status, answer.error) == (409, "not_deterministic")


def test_while_a_codec_runs_another_decode_does_not_wait_for_ever(agent, point, monkeypatch):
    monkeypatch.setattr(artifacts, "GATE_SECONDS", 0.05)
    drop_all(agent)
    with agent.tools.gate:
        answer = ask(agent, "GET", f"{point}/decoded.y4m")
        assert (answer.status, answer.error) == (503, "busy")
    assert ask(agent, "GET", f"{point}/decoded.y4m").status == 200


def test_nothing_is_made_again_on_a_full_disk(agent, point, monkeypatch):
    drop_all(agent)
    monkeypatch.setattr(agent.tools, "settings", agent.settings.model_copy(update={"disk_floor_gb": 1e9}))
    for name in ("decoded.y4m", "preview.mp4", "decoded.yuv"):
        answer = ask(agent, "GET", f"{point}/{name}")
        assert (answer.status, answer.error) == (507, "disk_full")


def test_a_run_can_be_looked_at_when_its_clip_is_gone(agent, point, monkeypatch):
    drop_all(agent)
    monkeypatch.setattr(agent.tools.catalogue, "_upload_facts", lambda name: None)
    assert ask(agent, "GET", f"{point}/decoded.y4m").status == 200
    for name in ("preview.mp4", "frames/0/source.png"):
        answer = ask(agent, "GET", f"{point}/{name}")
        assert (answer.status, answer.error) == (404, "not_found")


def test_the_figures_of_a_point_are_whole(agent, done, point):
    row = done.results[0]
    frames = ask(agent, "GET", f"{point}/frames.json").json
    assert len(frames["encode_ms"]) == len(frames["packets"]) == row.packets
    assert len(frames["decode_ms"]) == row.frames
    for phase in ("encode", "decode"):
        assert 0 < sum(frames[f"{phase}_ms"]) / 1000 <= getattr(row, f"{phase}_seconds") + 0.001
    gone = row.more["missing"]
    assert all(isinstance(reason, str) and reason for reason in gone.values())
    assert {"ms_ssim"} <= set(gone)
    for name in ("xpsnr_y", "ssim_ffmpeg", "ssim_u", "ssim_v", "vmaf_neg"):
        assert (name in row.more) != (name in gone)
    assert (row.vmaf is None) == ("vmaf" in gone)


def test_worst_frames_are_pictures_and_come_back_when_they_were_dropped(agent, done, point):
    worst = ask(agent, "GET", f"{point}/worst.json").json
    assert len(worst) == 5
    before = [ask(agent, "GET", f"{point}/{w['file']}") for w in worst]
    drop_all(agent)
    assert [ask(agent, "GET", f"{point}/{w['file']}").body for w in worst] == [a.body for a in before]
    for answer, w in zip(before, worst):
        image = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (2 * w["height"], 2 * (3 * w["width"] + 2 * 4), 3)
        assert answer.headers["content-type"] == "image/png"
    assert ask(agent, "GET", f"{point}/worst/other.png").status == 404
