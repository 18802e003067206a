"""The agent's parser of what a reader says: a process that a file has taken over may send anything in any order."""

from __future__ import annotations

import hashlib
import io
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.clips import ClipCancelled, ClipError, packets
from gpu_agent.clips.arrival import FACTS_BYTES, LARGEST_PACKET, SENTENCE_BYTES, Arrival, ImplausibleError
from gpu_agent.clips.errors import DamagedError
from gpu_agent.clips.identity import Facts

SIZE = packets.size_packet(20, 18)
FRAMES = [bytes([n]) * (20 * 18 * 3 // 2) for n in range(3)]
FACTS = Facts(
    20, 18, 19, 18, Fraction(30000, 1001), 3, True, "bt601", "yuvj420p", ["Padded.", "Converted <b>*so*</b>."]
)
GOOD = [SIZE, *(packets.FRAME + frame for frame in FRAMES), packets.facts_packet(FACTS)]


def taken(said: list[bytes], **how) -> Arrival:
    arrival = Arrival(**how)
    for packet in said:
        arrival.take(memoryview(packet))
    return arrival


def facts_with(**changes) -> bytes:
    return packets.FACTS + json.dumps(json.loads(packets.facts_packet(FACTS)[1:]) | changes).encode()


def test_an_honest_reading_is_hashed_and_written_here():
    sink, steps = io.BytesIO(), []
    sha256, facts = taken(GOOD, sink=sink, total=7, on_progress=lambda *step: steps.append(step)).outcome
    assert facts == FACTS
    assert sink.getvalue() == b"".join(FRAMES)
    assert sha256 == hashlib.sha256(b"".join(FRAMES) + b"\n20x18 30000/1001\n").hexdigest()
    assert steps == [(1, 7), (2, 7), (3, 7)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([packets.FRAME + FRAMES[0]], id="a frame before its size"),
        pytest.param([packets.facts_packet(FACTS)], id="facts of no frame"),
        pytest.param([SIZE, packets.facts_packet(FACTS)], id="facts before the frames"),
        pytest.param([SIZE, SIZE], id="two sizes"),
        pytest.param([*GOOD[:2], packets.size_packet(16, 16)], id="another size later"),
        pytest.param([SIZE, packets.FRAME + FRAMES[0][:-1]], id="a frame too short"),
        pytest.param([SIZE, packets.FRAME + FRAMES[0] + b"x"], id="a frame too long"),
        pytest.param([SIZE, packets.FRAME], id="an empty frame"),
        pytest.param([*GOOD, GOOD[-1]], id="facts twice"),
        pytest.param([*GOOD, GOOD[1]], id="a frame after the facts"),
        pytest.param([*GOOD, packets.refusal_packet("No.")], id="a refusal after the facts"),
        pytest.param([packets.DAMAGED, packets.DAMAGED], id="damage twice"),
        pytest.param([packets.refusal_packet("No."), SIZE], id="more after a refusal"),
        pytest.param([packets.DAMAGED + b"x"], id="damage with more"),
        pytest.param([b""], id="nothing"),
        pytest.param([b"Z"], id="an unknown kind"),
        pytest.param([packets.SIZE + b"\x10\0\0\0"], id="half a size"),
        pytest.param([packets.REFUSED], id="an empty sentence"),
        pytest.param([packets.refusal_packet("  ")], id="a blank sentence"),
        pytest.param([packets.refusal_packet("x" * (SENTENCE_BYTES + 1))], id="a sentence without end"),
        pytest.param([packets.refusal_packet("a\x1b[2Jb")], id="control characters"),
        pytest.param([packets.refusal_packet("two\nlines")], id="two lines"),
        pytest.param([packets.REFUSED + b"\xff\xfe"], id="no UTF-8"),
    ],
)
def test_what_no_reader_of_the_lab_sends_ends_the_reading(said):
    with pytest.raises(ImplausibleError, match=r"led astray by this file \(.+\), so the file is refused\."):
        taken(said)


@pytest.mark.parametrize(
    ("width", "height"), [(0, 0), (16, 17), (17, 16), (14, 16), (16, 8194), (1 << 31, 16), (2**32 - 1, 2**32 - 2)]
)
def test_a_size_out_of_range_is_refused_before_any_frame(width, height):
    with pytest.raises(ImplausibleError, match=f"{width}x{height}"):
        taken([packets.size_packet(width, height)])


@pytest.mark.parametrize(
    "facts",
    [
        facts_with(frames=2),
        facts_with(frames=4),
        facts_with(frames=-1),
        facts_with(frames=3.0),
        facts_with(frames="3"),
        facts_with(visible_width=18),
        facts_with(visible_width=21),
        facts_with(visible_width=8193),
        facts_with(visible_height=10**30),
        facts_with(visible_height=None),
        *(
            facts_with(fps=rate)
            for rate in ("0/1", "1/0", "-1/1", "30", 30, "1e9/1", "1/1\n", "١/1", "3000000000/1", "9" * 31 + "/1", None)
        ),
        facts_with(full_range=1),
        facts_with(full_range="yes"),
        facts_with(matrix="bt2020"),
        facts_with(matrix=["bt601"]),
        facts_with(pix_fmt="yuv420p; rm"),
        facts_with(pix_fmt="x" * 1000),
        facts_with(pix_fmt=""),
        facts_with(notes=["n"] * 17),
        facts_with(notes=["n" * 301]),
        facts_with(notes=[""]),
        facts_with(notes=["\x1b]0;title\x07"]),
        facts_with(notes=["a\u202eb"]),
        facts_with(notes="note"),
        facts_with(notes=[{}]),
        facts_with(sha256="0" * 64),
        facts_with(**{"<script>": 1}),
        packets.FACTS,
        packets.FACTS + b"{",
        packets.FACTS + b"null",
        packets.FACTS + b"[]",
        packets.FACTS + b"\xff",
        packets.FACTS + b"[" * 10_000,
        packets.FACTS + packets.facts_packet(FACTS)[1:-1],
        facts_with() + b" " * FACTS_BYTES,
    ],
)
def test_facts_that_cannot_be_true_are_refused(facts):
    assert taken([*GOOD[:-1], facts_with()]).outcome[1] == FACTS
    with pytest.raises(ImplausibleError) as caught:
        taken([*GOOD[:-1], facts])
    assert "script" not in str(caught.value)


def test_an_end_without_facts_is_no_clip():
    for said in ([], [SIZE], GOOD[:-1]):
        with pytest.raises(ImplausibleError, match="without the facts"):
            _ = taken(said).outcome


def test_the_readers_refusals_are_told_as_they_are():
    with pytest.raises(ClipError, match=r"^This file has no video stream\.$"):
        _ = taken([packets.refusal_packet("This file has no video stream.")]).outcome
    with pytest.raises(DamagedError):
        _ = taken([*GOOD[:2], packets.DAMAGED]).outcome
    with pytest.raises(ImplausibleError):
        taken([*GOOD[:2], packets.DAMAGED], tolerant=True)


def test_cancel_is_asked_at_each_packet():
    steps = []
    with pytest.raises(ClipCancelled):
        taken(GOOD, cancel=lambda: len(steps) >= 2, on_progress=lambda *step: steps.append(step))
    assert len(steps) == 2


def test_the_largest_frame_of_a_clip_fits_a_packet_and_no_larger():
    assert len(packets.FRAME) + 8192 * 8192 * 3 // 2 == LARGEST_PACKET


@given(st.lists(st.sampled_from([*GOOD, packets.DAMAGED, b""]) | st.binary(max_size=40), max_size=8))
def test_any_packets_end_in_a_clip_or_in_a_sentence(said):
    refused = None
    try:
        _, facts = taken(said).outcome
    except ClipError as error:
        refused = str(error)
    if refused is not None:
        assert refused.isprintable()
        assert refused.strip()
    else:
        assert facts.frames == sum(packet[:1] == packets.FRAME for packet in said)
        assert said[-1][:1] == packets.FACTS
        assert said[0] == SIZE


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=4))


@given(st.dictionaries(st.sampled_from([*json.loads(packets.facts_packet(FACTS)[1:]), "more"]), VALUES, max_size=3))
def test_any_facts_are_possible_or_refused(changes):
    try:
        _, facts = taken([*GOOD[:-1], facts_with(**changes)]).outcome
    except ImplausibleError:
        return
    assert (facts.width, facts.height, facts.frames) == (20, 18, 3)
    assert 0 < facts.fps <= 1 << 31
    assert facts.matrix in ("bt601", "bt709")
    assert all(isinstance(note, str) and note.isprintable() for note in facts.notes)
