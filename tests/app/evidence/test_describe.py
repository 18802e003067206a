"""What Claude reads of an experiment: exact figures, reasons where there are none, nothing of a clip that is hidden."""

from __future__ import annotations

import base64
import json

import cv2
import numpy as np
import pytest

from app.agent_client import AgentDown
from app.evidence import Sources, describe
from app.evidence.pictures import BYTES, COUNT
from gpu_agent.models import Audit, Badge, BDRate, Failure, Hypothesis, Summary
from gpu_agent.road.ladders import curve_key
from gpu_agent.road.worst import WorstFrame, write_list
from gpu_agent.store import StoreError
from gpu_agent.store.folder import FolderArtifacts
from tests.app.results.anchored import anchor_curve
from tests.app.results.conftest import make_curve, make_experiment


@pytest.fixture
def artifacts(tmp_path):
    return FolderArtifacts(tmp_path / "kept", tmp_path / "dropped")


def with_artifacts(e, artifacts, tmp_path, series=None, worst=None):
    """The experiment with a series and a list of worst frames at every point."""
    rows = []
    for row in e.results:
        base = f"{row.clip}/r{row.rate}"
        if series is not None:
            artifacts.put_bytes(f"{e.id}/{base}/frames.json", json.dumps(series).encode())
        if worst is not None:
            write_list(tmp_path / "worst.json", worst)
            artifacts.put_file(f"{e.id}/{base}/worst.json", tmp_path / "worst.json")
        rows.append(
            row.model_copy(update={"artifacts": {"frames": f"{base}/frames.json", "worst": f"{base}/worst.json"}})
        )
    return e.model_copy(update={"results": rows})


def png(side: int = 8) -> bytes:
    good, data = cv2.imencode(".png", np.random.default_rng(side).integers(0, 255, (side, side, 3), np.uint8))
    assert good
    return data.tobytes()


def worst_of(count: int) -> list[WorstFrame]:
    return [
        WorstFrame(frame=9 * n, psnr_y=30.0 + n, x=16, y=8 * n, width=96, height=96, file=f"worst/frame{n}.png")
        for n in range(count)
    ]


def part(text: str, title: str) -> str:
    """A section by the start of its title."""
    return next((s for s in text.split("### ") if s.startswith(title)), "")


def test_every_point_is_told_with_its_exact_figures():
    text = describe(make_experiment(make_curve())).text
    assert "clip carphone, 120 frames at 25 frames per second" in part(text, "What was run")
    points = part(text, "Rate-distortion points").splitlines()
    assert (
        points[2] == "- rate 37: 33.0 kbit/s (16500 bytes), PSNR-YUV 30.27 dB, Y 29.40, U 32.40, V 33.40, SSIM 0.8300"
    )
    assert [line.split(":")[0] for line in points[2:6]] == ["- rate 37", "- rate 32", "- rate 27", "- rate 22"]
    assert "encode 15.0 frames/s (8 s)" in part(text, "Time and memory")
    assert "No anchor has been measured" in part(text, "Bits against the anchors")
    assert "not at hand" in part(text, "Worst frames")
    assert not part(text, "Where the bits go")  # nothing is made up
    assert not part(text, "What was expected")


def test_a_held_run_and_the_spread_of_its_times_are_told():
    rows = [r.model_copy(update={"encode_spread": 0.125}) for r in make_curve()]
    text = describe(make_experiment(rows, audit=Audit(at="now", held=True))).text
    assert "it stands in no ranked list: The audit holds it until somebody has looked." in text
    assert "encode 15.0 frames/s (8 s, spread 12% over several runs); decode 60.0 frames/s (2 s)" in text


def test_bd_rates_come_from_the_curves_with_their_range_or_their_reason(artifacts):
    e = make_experiment(make_curve(factor=0.8))
    ref = e.clips[0]
    for anchor, rows in (("x264-medium", make_curve()), ("x265-medium", make_curve()[:3])):
        data = anchor_curve(rows, anchor).model_dump_json().encode()
        artifacts.put_bytes(curve_key(ref.sha256, ref.frames, anchor), data)
    said = part(describe(e, sources=Sources(artifacts)).text, "Bits against the anchors")
    assert "- x264 medium: -20.0 % (carphone: over 30.3 to 38.8 dB, 100% of the codec's own range)" in said
    assert "- x265 medium: no figure over all clips: carphone: the anchor has 3 rate points; BD-rate needs 4" in said


def test_without_curves_the_record_s_own_bd_rates_are_told():
    rates = {
        "x264-medium": BDRate(percent=12.25, per_clip={"carphone": 12.25}),
        "mjpeg": BDRate(reason="ffmpeg has no such encoder", per_clip={"carphone": None}),
    }
    text = describe(make_experiment(make_curve(), summary=Summary(bd_rate=rates))).text
    assert "- x264 medium: +12.2 %" in text
    assert "- Motion JPEG: no figure: ffmpeg has no such encoder" in text


def test_the_parent_and_the_hypothesis():
    parent = make_experiment(make_curve(), id="261104-000000-parent00", title="Old")
    hope = Hypothesis(text="Fewer bits in flat areas", bd_rate=-30, by="claude")
    e = make_experiment(make_curve(factor=0.8), parent_id=parent.id, hypothesis=hope)
    text = describe(e, parent=parent).text
    assert '"Old" (261104-000000-parent00)\n- -20.0 % (carphone: over' in text
    said = part(text, "What was expected")
    assert "Hypothesis: Fewer bits in flat areas" in said
    assert "Expected 30 % fewer bits than its parent; measured 20 % fewer: less than expected." in said
    failed = parent.model_copy(update={"status": "failed", "results": []})
    said = describe(e, parent=failed).text
    assert "no figure: the parent has no complete curve: it failed" in said


SERIES = {"psnr_y": [40.0, 31.5, 36.0, None, 35.0, 34.0, 33.0], "packets": [700, 20, 30, 20, 10, 10, 10]}


def test_worst_frames_with_their_bits_and_where_the_bits_go(artifacts, tmp_path):
    series = SERIES | {"bits": [8 * n for n in SERIES["packets"]]}
    e = with_artifacts(
        make_experiment([make_curve()[0].model_copy(update={"bytes": 828})]), artifacts, tmp_path, series
    )
    text = describe(e, sources=Sources(artifacts)).text
    lines = part(text, "Worst frames").splitlines()[2:]
    assert lines[:2] == ["- frame 1: 31.50 dB, 160 bits", "- frame 6: 33.00 dB, 80 bits"]
    assert len(lines) <= 6
    assert "frame 3:" not in str(lines)  # identical to its source
    bits = part(text, "Where the bits go")
    assert "first packet: 700 bytes, 84.5 % of the file" in bits
    assert "largest packets: 0 (84.5 %), 2 (3.6 %), 1 (2.4 %), 3 (2.4 %), 4 (1.2 %)" in bits
    assert "header and packet lengths: 28 bytes" in bits
    assert "median 160, 90th 2384, largest 5600; the most expensive 1 of 7 frames take 87.5 %" in bits


def test_packets_that_are_not_frames_have_no_bits_of_frames(artifacts, tmp_path):
    series = SERIES | {"packets": [700, 128], "bits": None}
    e = with_artifacts(make_experiment(make_curve()), artifacts, tmp_path, series, worst_of(2))
    text = describe(e, sources=Sources(artifacts)).text
    assert "- frame 9: 31.00 dB, worst at x 16, y 8" in text
    assert "bits of single frames are not known" in text


def test_pictures_are_few_small_and_captioned(artifacts, tmp_path):
    e = with_artifacts(make_experiment(make_curve()), artifacts, tmp_path, worst=worst_of(5))
    for n in range(5):
        artifacts.put_bytes(f"{e.id}/carphone/r27/worst/frame{n}.png", png(), droppable=True)
    found = describe(e, sources=Sources(artifacts))
    assert [b["type"] for b in found.blocks] == ["text", "image"] * COUNT
    assert "carphone at rate 27, frame 0 (30.00 dB)" in found.blocks[0]["text"]
    source = found.blocks[1]["source"]
    assert (source["type"], source["media_type"]) == ("base64", "image/png")
    assert base64.b64decode(source["data"]) == png()
    assert describe(e, sources=Sources(artifacts), with_images=False).blocks == []
    assert found.content("do it")[0] == {"type": "text", "text": "do it"}


def test_dropped_pictures_are_asked_for_and_bounded_in_bytes(artifacts, tmp_path):
    e = with_artifacts(make_experiment(make_curve()), artifacts, tmp_path, worst=worst_of(5))
    asked = []

    def fetch(key: str) -> bytes:
        asked.append(key)
        return png() + bytes(BYTES * 2 // 5)

    assert len(describe(e, sources=Sources(artifacts, fetch)).blocks) == 2 * 2
    assert asked[0] == f"{e.id}/carphone/r27/worst/frame0.png"

    def away(key: str) -> bytes:
        raise AgentDown("away")

    for other in (away, lambda key: b"<html>"):
        assert describe(e, sources=Sources(artifacts, other)).blocks == []


def test_a_store_that_is_away_or_a_file_that_is_broken_costs_only_that(artifacts, tmp_path):
    e = with_artifacts(make_experiment(make_curve()), artifacts, tmp_path, {"psnr_y": ["x"]}, worst_of(1))
    assert "frame 0: 30.00 dB" in describe(e, sources=Sources(artifacts)).text

    class Away:
        def local(self, key):
            raise StoreError("the bucket is away")

    assert "Rate-distortion points" in describe(e, sources=Sources(Away())).text


def test_a_failed_run_brings_category_message_and_traceback():
    trace = 'decode raised an exception.\n\nTraceback:\n  File "codec.py", line 3, in decode\nKeyError: 7'
    e = make_experiment(
        status="failed", error=Failure(category="decode_error", message=trace), log="at frame ```3```", results=[]
    )
    text = describe(e).text
    assert "it failed, so it has no figures" in text
    said = part(text, "Failure")
    assert "Category: decode_error. decode raised an exception; it has only the packets" in said
    assert "KeyError: 7" in said
    assert "at frame ```3```" in said
    assert "Rate-distortion" not in text


def test_nothing_of_a_hidden_clip_is_told(artifacts, tmp_path):
    both = ("carphone", "secret-clip")
    rates = {"x264-medium": BDRate(percent=99.0, per_clip={"carphone": -5.0, "secret-clip": 203.0})}
    audit = Audit(at="now", badges=[Badge(name="too_good", verdict="note", text="on secret-clip 77 % better")])
    parent = make_experiment(make_curve() + make_curve("secret-clip", 7), clips=both, id="261104-000000-parent00")
    e = make_experiment(
        make_curve(factor=0.8) + make_curve("secret-clip", 3),
        clips=both,
        parent_id=parent.id,
        hypothesis=Hypothesis(text="less", bd_rate=-20),
        summary=Summary(bd_rate=rates, sentence="secret-clip"),
        audit=audit,
        warnings=["secret-clip at rate 22: the frames look shifted", "line 3: odd"],
        log="[encode secret-clip at rate 22]",
    )
    text = describe(e, parent=parent, sources=Sources(artifacts), clips=["carphone"]).text
    assert "- x264 medium: -5.0 %" in text
    assert "measured 20 % fewer: borne out" in text
    assert "warning: line 3: odd" in text
    for trace in ("secret", "203", "99.0", "77 %", "636.0"):
        assert trace not in text
    failed = make_experiment(
        status="failed", clips=both, error=Failure(category="timeout", message="On secret-clip at rate 22: too slow")
    )
    assert "On (a clip that is not shown) at rate 22: too slow" in describe(failed, clips=["carphone"]).text


def test_many_clips_stay_compact():
    names = [f"clip{n}" for n in range(40)]
    rates = {"x264-medium": BDRate(percent=20.0, per_clip={n: float(i) for i, n in enumerate(names)})}
    e = make_experiment([r for n in names for r in make_curve(n)], clips=names, summary=Summary(bd_rate=rates))
    text = describe(e).text
    assert len(text) < 12_000
    assert [line.split(" at ")[0] for line in part(text, "Worst frames").splitlines() if line.endswith(":")] == [
        "clip39", "clip38", "clip37",
    ]  # fmt: skip
