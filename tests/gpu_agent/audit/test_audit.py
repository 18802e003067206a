"""Whole audits of codecs that really ran: an honest one, and cheats that no jail stops."""

import base64
import shutil
import threading
import zlib
from dataclasses import replace

import pytest

from gpu_agent.audit import ORDER, audit, judge_again
from gpu_agent.audit.audit import INTERRUPTED, Checks
from gpu_agent.audit.bench import wants_retry
from gpu_agent.models import BDRate

from .conftest import PREVIOUS, badge, source_bytes

pytestmark = pytest.mark.jail

MEMORISER = """
import base64, zlib
import numpy as np
from codec_kit.frames import planes_of

RATES = (1, 2, 3, 4)
KNOWN = zlib.decompress(base64.b85decode("{frames}"))

def encode(video, rate):
    for frame in video:
        yield b"go"

def decode(packets, info):
    for n in range(info.frames):
        at = n * info.frame_bytes % max(1, len(KNOWN) - info.frame_bytes + 1)
        yield planes_of((KNOWN[at:] + bytes(info.frame_bytes))[: info.frame_bytes], info)
"""


def test_an_honest_codec_gets_every_badge_good(lab, audited):
    found = audited
    assert [b.name for b in found.badges] == list(ORDER)
    assert {b.name: (b.verdict, b.text) for b in found.badges if b.verdict != "good"} == {}
    assert not found.held
    assert badge(found, "bitstream_matters").evidence["clips"][0]["tried"] == 9
    fresh = badge(found, "fresh_clip").evidence
    assert fresh["seed"] == 7
    assert len(fresh["points"]) == 4
    assert list((lab.tools.settings.cache / "work").iterdir()) == []


def test_a_memorised_clip_is_caught_three_ways_and_held(lab):
    frames = base64.b85encode(zlib.compress(source_bytes(lab), 9)).decode()
    found = lab.audit(lab.run(MEMORISER.format(frames=frames)))
    assert badge(found, "deterministic").verdict == "good"
    matters = badge(found, "bitstream_matters")
    assert (matters.verdict, matters.evidence["clips"][0]["mattered"]) == ("bad", 0)
    assert "does not matter" in matters.text
    assert badge(found, "code_size").verdict == "bad"
    fresh = badge(found, "fresh_clip")
    assert fresh.verdict == "bad"
    assert fresh.text.startswith("Specialised")
    assert badge(found, "too_good").verdict == "bad"
    assert found.held


def test_a_random_decoder_is_not_deterministic_and_damage_says_nothing(lab):
    code = PREVIOUS.replace("import zlib", "import os, zlib").replace(
        "out, n = known.astype(np.uint8), ", "out, n = known.astype(np.uint8) ^ (os.urandom(1)[0] & 7), "
    )
    checks = Checks(lab.bench(lab.run(code, [8])))
    random = checks.badge("deterministic")
    assert (random.verdict, random.text.split(":")[0]) == ("bad", "Not deterministic")
    assert 1 <= random.evidence["points"][0]["max_difference"] <= 7
    assert checks.badge("bitstream_matters").verdict == "unknown"


def test_a_codec_that_only_knows_its_own_clip_fails_on_a_fresh_one(lab):
    code = PREVIOUS.replace("    for frame in video:", "    assert len(video) < 10\n    for frame in video:")
    found = Checks(lab.bench(lab.run(code, [8]))).badge("fresh_clip")
    assert found.verdict == "bad"
    assert "fails on a clip" in found.text
    assert "AssertionError" in found.evidence["failed"]


def test_an_interrupted_audit_keeps_what_it_found_and_goes_on(lab, honest):
    cancel, tools = threading.Event(), lab.tools
    calls = []

    class Stops:
        """The third decode is where a run takes the machine."""

        def __getattr__(self, name):
            return getattr(tools.jail, name)

        def decode(self, *args, **more):
            calls.append(1)
            if len(calls) == 3:
                cancel.set()
            return tools.jail.decode(*args, **more)

    first = audit(replace(tools, jail=Stops()), honest, lab.curve, cancel)
    assert badge(first, "deterministic").verdict == "good"
    again = [b.name for b in first.badges if wants_retry(b)]
    assert again == ["bitstream_matters", "fresh_clip", "library_codec"]
    assert badge(first, "fresh_clip").text == INTERRUPTED
    second = lab.audit(honest, known=first)
    assert badge(second, "deterministic") == badge(first, "deterministic")
    assert {b.verdict for b in second.badges} == {"good"}


def test_a_bitstream_that_is_gone_is_no_verdict(lab):
    record = lab.run(PREVIOUS, [16])
    shutil.rmtree(lab.tools.settings.artifacts / record.id)
    checks = Checks(lab.bench(record))
    for name in ("deterministic", "bitstream_matters"):
        found = checks.badge(name)
        assert found.verdict == "unknown"
        assert "not stored here any more" in found.text
        assert not wants_retry(found)


def test_later_figures_are_judged_without_running_anything(lab, honest, audited):
    early = judge_again(honest, audited, lambda *_: None)
    assert {badge(early, n).verdict for n in ("fresh_clip", "too_good")} == {"unknown"}
    assert "fresh_clip" not in [b.name for b in early.badges if wants_retry(b)]
    later = judge_again(honest, early, lab.curve)
    assert {badge(later, n).verdict for n in ("fresh_clip", "too_good")} == {"good"}
    assert judge_again(honest, later, lab.curve) is later
    rated = honest.model_copy(deep=True)
    rated.summary.bd_rate = {"svtav1-4": BDRate(percent=-45, per_clip={"small": -45})}
    held = judge_again(rated, later, lab.curve)
    assert held.held
    assert badge(held, "too_good").evidence["anchor"] == "svtav1-4"
