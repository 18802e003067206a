"""Each rule by itself."""

import base64
import hashlib
import math

import numpy as np
import pytest

from gpu_agent.audit import code_size, fresh_clip, library_codec, matters, too_good
from gpu_agent.audit.bench import NotTried
from gpu_agent.audit.deterministic import check as deterministic
from gpu_agent.audit.deterministic import may_use_gpu
from gpu_agent.audit.equal import bits_factor, words
from gpu_agent.audit.fresh import INFO, make, render
from gpu_agent.audit.running import seen_running
from gpu_agent.measure.bdrate import Curve
from gpu_agent.models import BDRate
from tests.gpu_agent.factory import experiment, row

from .conftest import PREVIOUS

ANCHOR = Curve([100, 200, 400], [30, 34, 38])


def test_equal_bits_is_one_and_twice_the_bits_two_inside_and_beyond_the_anchor():
    assert bits_factor(ANCHOR, ANCHOR) == pytest.approx(1)
    assert bits_factor(ANCHOR, Curve([300], [32])) == pytest.approx(300 / math.sqrt(100 * 200))
    assert bits_factor(ANCHOR, Curve([1600], [42])) == pytest.approx(2)
    assert bits_factor(ANCHOR, Curve([100], [26])) == pytest.approx(2)
    assert bits_factor(Curve([100], [30]), ANCHOR) is None
    assert bits_factor(ANCHOR, Curve([], [])) is None


def test_factors_in_words():
    assert words(1.12, "x264") == "12 % more bits than x264"
    assert words(0.5, "x264") == "50 % fewer bits than x264"
    assert words(1.001, "x264") == "as many bits as x264"
    assert words(7.25, "x264") == "7.2 times the bits of x264"


@pytest.mark.parametrize(
    ("own", "fresh", "fallen"),
    [
        (1.0, 1.9, False),  # under twice
        (0.4, 1.0, False),  # 2.5 times, but 60 points
        (1.0, 2.2, True),
        (0.1, 0.9, True),  # nine times, from far below the anchor
        (5.0, 4.0, False),
    ],
)
def test_when_a_codec_has_fallen(own, fresh, fallen):
    assert fresh_clip.Standing("x264-medium", fresh, own).fallen is fallen


def test_a_fall_against_one_anchor_alone_is_the_content(monkeypatch):
    e, evidence = experiment(), {"points": [{"rate": 22}], "factors": {"x264-medium": 6.0, "mjpeg": 0.8}}
    own = {"x264-medium": 2.0, "mjpeg": 0.7}
    monkeypatch.setattr(fresh_clip, "own_factor", lambda e, name, rates, curves: own[name])
    assert fresh_clip.judge(e, evidence, None).verdict == "good"
    own["mjpeg"] = 0.1
    found = fresh_clip.judge(e, evidence, None)
    assert found.verdict == "bad"
    assert "6.0 times the bits of x264 medium" in found.text


def test_the_fresh_clip_is_its_seed(tmp_path):
    clip = make(12, tmp_path)
    size = INFO.frames * INFO.frame_bytes
    assert clip.planes.stat().st_size == size
    again = b"".join(p.tobytes() for frame in render(12) for p in frame)
    assert hashlib.sha256(again).hexdigest() == clip.clip.sha256
    first = [next(iter(render(seed))).y for seed in range(8)]
    assert len({f.tobytes() for f in first}) == 8
    assert all(f.std() > 3 for f in first)
    moving = list(render(12))
    assert np.abs(moving[0].y.astype(int) - moving[-1].y).mean() > 0.5


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import cv2\ncv2.imencode('.jpg', x)", "cv2.imencode (line 2)"),
        ("import cv2 as c\nw = c.VideoWriter()", "c.VideoWriter (line 2)"),
        ("from cv2 import imdecode as d", "cv2.imdecode (line 1)"),
        ("import cv2\ngetattr(cv2, 'imencode')", "'imencode' (line 2)"),
        ("import av", "av (line 1)"),
        ("from PIL import Image", "PIL (line 1)"),
        ("from torchvision import io", "torchvision.io (line 1)"),
        ("__import__('imageio')", "'imageio' (line 1)"),
        ("import ctypes", "ctypes (line 1)"),
    ],
)
def test_library_codecs_are_found_in_the_syntax(line, name):
    assert library_codec.in_syntax(line) == [name]
    found = library_codec.check(line, [])
    assert found.verdict == "note"
    assert found.text.startswith("Uses library codec: ")


def test_what_codes_symbols_is_no_picture_codec():
    code = '"""imencode is not used."""\nimport zlib, lzma, bz2, cv2, constriction\ncv2.warpAffine(x, y, z)\n'
    assert library_codec.in_syntax(code) == []
    assert "not watched" in library_codec.check(code, None).text
    assert library_codec.check(code, ["cv2.imencode"]).verdict == "note"


def test_constants_are_weighed_wherever_they_hide():
    data = np.random.default_rng(0).integers(0, 256, 40_000, np.uint8)
    for literal in (repr(data.tobytes()), str(data.tolist()), repr(data.tobytes().hex())):
        assert code_size.constant_bytes(f"T = {literal}") > 36_000
    assert code_size.constant_bytes("x = y") == 0


def test_what_does_not_run_is_not_weighed_and_what_runs_is_whatever_it_is():
    data = np.random.default_rng(0).integers(0, 256, 90_000, np.uint8).tobytes()
    badge = lambda code: code_size.check(experiment(code, results=[row(bytes=5_000_000)]))
    text = base64.b32encode(data).decode().rstrip("=")
    hidden = badge(f'"""{text}"""\n# {text}\n{PREVIOUS}')
    assert hidden.verdict == "good"
    assert hidden.evidence["code_bytes"] <= badge(PREVIOUS).evidence["code_bytes"] + 16
    names = "".join(f"def a{text[i : i + 60]}(): 0\n" for i in range(0, len(text), 60))
    assert badge(names + PREVIOUS).verdict == "bad"  # they are there to be read: in dir(), in the text


def test_code_as_large_as_a_bitstream_is_noted():
    text = base64.b32encode(np.random.default_rng(0).integers(0, 256, 20_000, np.uint8).tobytes()).decode().rstrip("=")
    names = "".join(f"def a{text[i : i + 60]}(): 0\n" for i in range(0, len(text), 60))
    verdict = lambda size: code_size.check(experiment(names + PREVIOUS, results=[row(bytes=size)])).verdict
    assert verdict(18_000) == "note"
    assert verdict(500_000) == "good"


def test_code_size_by_its_bounds():
    table = lambda n: f"T = {np.random.default_rng(1).integers(0, 256, n, np.uint8).tobytes()!r}\n"
    verdict = lambda n, size: code_size.check(experiment(table(n) + PREVIOUS, results=[row(bytes=size)])).verdict
    assert verdict(100, 50_000) == "good"
    assert verdict(100, 300) == "good"  # a tiny bitstream does not make small tables suspect
    assert verdict(3_000, 50_000) == "good"
    assert verdict(3_000, 2_000) == "bad"
    assert verdict(8_000, 50_000) == "note"
    assert verdict(40_000, 5_000_000) == "bad"


def rated(anchor="svtav1-4", percent=-10.0, **per_clip):
    e = experiment(results=[row()])
    e.summary.bd_rate = {anchor: BDRate(percent=percent, per_clip=per_clip)}
    return e


def test_too_good_is_held_with_its_evidence():
    none = lambda *_: None
    assert too_good.judge(experiment(results=[row()]), none).verdict == "unknown"
    assert too_good.judge(rated(), none).verdict == "good"
    forged = too_good.judge(rated(percent=-31, carphone=-31), none)
    assert forged.verdict == "bad"
    assert forged.text == "Held for a look: 31 % fewer bits than SVT-AV1 preset 4 at equal PSNR."
    assert forged.evidence["per_clip"] == {"carphone": -31}
    one = too_good.judge(rated("svtav1-8", percent=-5, carphone=-60, bikes=50), none)
    assert one.verdict == "bad"
    assert "on carphone 60 % fewer" in one.text


def test_few_decodes_where_the_codec_is_slow():
    assert matters.affordable_flips([row(decode_seconds=1.0)]) == matters.FLIPS
    assert matters.affordable_flips([row(decode_seconds=100.0)]) == 4
    with pytest.raises(NotTried):
        matters.affordable_flips([row(decode_seconds=300.0)])


def test_positions_are_spread_over_packets_and_empty_ones_are_passed_over():
    assert matters.locate([2, 0, 3], 0) == matters.Damage(0, 0)
    assert matters.locate([2, 0, 3], 2) == matters.Damage(2, 0)
    assert matters.locate([2, 0, 3], 4) == matters.Damage(2, 2)


PADDED = "yield bytes([rate]) + zlib.compress(levels.tobytes(), 9)"
READ = "zlib.decompress(packet[1:])"


@pytest.mark.jail
@pytest.mark.parametrize(("share", "verdict"), [(0.3, "good"), (0.95, "bad")])
def test_padding_is_judged_by_counts(lab, share, verdict):
    code = PREVIOUS.replace(
        PADDED,
        f"z = zlib.compress(levels.tobytes(), 9); yield bytes([rate]) + z + bytes(int(len(z) * {share} / (1 - {share})))",
    ).replace(READ, "zlib.decompressobj().decompress(packet[1:])")
    found = matters.check(lab.bench(lab.run(code, [8])))
    assert found.verdict == verdict
    (clip,) = found.evidence["clips"]
    assert clip["tried"] == 9
    assert 0 < clip["mattered"] < 9
    assert f"{clip['mattered']} of 9" in found.text


@pytest.mark.jail
def test_packets_without_a_byte_do_not_matter(lab):
    code = PREVIOUS.replace(PADDED, "yield b''").replace(
        "known = np.clip(known + np.frombuffer(zlib.decompress(packet[1:]), np.int16) * packet[0], 0, 255)", "pass"
    )
    found = matters.check(lab.bench(lab.run(code, [8])))
    assert found.verdict == "bad"
    assert found.evidence["clips"][0]["mattered"] == 0


@pytest.mark.jail
def test_a_small_difference_passes_only_on_a_gpu_and_is_said(lab):
    code = "import os\n# torch\n" + PREVIOUS.replace(
        "out, n = known.astype(np.uint8), ",
        "out, n = known.astype(np.uint8) | (np.frombuffer(os.urandom(known.size), np.uint8) & 1), ",
    )
    e = lab.run(code, [8])
    assert deterministic(lab.bench(e)).verdict == "bad"
    e.environment["gpu"] = {"name": "a GPU"}
    assert may_use_gpu(e)
    found = deterministic(lab.bench(e))
    assert found.verdict == "note"
    assert "within 2 of 255 levels" in found.text
    assert not may_use_gpu(e.model_copy(update={"code": PREVIOUS}))


HIDDEN = """
import importlib
import numpy as np
from codec_kit import Frame
RATES = (95,)
codec = importlib.import_module("cv" + "2")
do = lambda word: getattr(codec, "im" + word)

def encode(video, rate):
    for frame in video:
        for plane in frame:
            yield do("encode")(".jpg", np.array(plane), [1, rate])[1].tobytes()

def decode(packets, info):
    it = iter(packets)
    for _ in range(info.frames):
        yield Frame(*(do("decode")(np.frombuffer(next(it), np.uint8), 0) for _ in range(3)))
"""


@pytest.mark.jail
def test_a_library_codec_that_the_syntax_does_not_show_is_seen_running(lab, honest):
    code = HIDDEN.replace("RATES", "# cv2\nRATES")
    assert library_codec.in_syntax(code) == []
    e = lab.run(code)
    clip = make(3, lab.bench(e).folder)
    assert seen_running(lab.bench(e), clip) == ["cv2.imencode", "cv2.imdecode"]
    assert seen_running(lab.bench(honest), clip) == []
