"""Whatever bytes a jail writes, in whatever slices: the agent's parsers keep their bounds and raise nothing else."""

from __future__ import annotations

import contextlib
import os

from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.jail.framing import FrameOutput, PacketOutput, StreamOutput, TooLarge
from gpu_agent.jail.status import TEXT_BYTES, Status
from gpu_agent.jail.text import BoundedLog, bounded, printable

SLICES = st.lists(st.binary(min_size=1, max_size=64), max_size=20)
LENGTHS = st.lists(
    st.sampled_from([b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0a", b"bc", b"\xff\xff\xff\xff", b"\0"]), max_size=30
)
MARKS = st.lists(st.sampled_from([b"P", b"R", b"D", b"F", b"F\1\0\0\0", b"E", b"EX", b"x", b"\0"]), max_size=20)


def feed(output, parts: list[bytes]) -> bool:
    """True where the output was taken to its end."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    try:
        for part in parts:
            os.write(write, part)
            with contextlib.suppress(BlockingIOError):
                while output.read(read):
                    pass
        return True
    except TooLarge:
        return False
    finally:
        os.close(read)
        os.close(write)


@given(SLICES | LENGTHS)
def test_packets(parts):
    got = []
    output = PacketOutput(100, got.append, most=1000)
    whole = feed(output, parts)
    data = b"".join(parts)
    assert sum(len(p) + 4 for p in got) <= min(100, len(data))
    at = 0
    for packet in got:
        assert data[at : at + 4 + len(packet)] == len(packet).to_bytes(4, "little") + packet
        at += 4 + len(packet)
    if whole:
        assert (output.fault() is None) == (at == len(data))


@given(SLICES | LENGTHS)
def test_a_stream_gives_what_packets_give(parts):
    here, there = [], []
    stream, packets = (
        StreamOutput(100, 100, lambda view: here.append(bytes(view))),
        PacketOutput(100, there.append, most=1000),
    )
    assert feed(stream, parts) == feed(packets, parts)
    assert here == there
    assert len(stream._buffer) <= len(b"".join(parts))


@given(SLICES)
def test_frames(parts):
    got = []
    output = FrameOutput(3, 7, lambda view: got.append(bytes(view)))
    whole = feed(output, parts)
    data = b"".join(parts)
    assert b"".join(got) == data[: len(got) * 7]
    assert len(got) == min(3, len(data) // 7)
    assert whole == (len(data) <= 21)
    assert (output.fault() is None) == (len(got) == 3)


@given(SLICES | MARKS)
def test_status(parts):
    once, sliced = Status(), Status()
    once.add(b"".join(parts))
    for part in parts:
        sliced.add(part)
    for name in ("alive", "ready", "done", "garbled", "kind", "frames", "complete", "text"):
        assert getattr(once, name) == getattr(sliced, name)
    assert len(once.text) <= TEXT_BYTES


@given(st.binary(max_size=300), st.integers(20, 200))
def test_text(raw, size):
    assert len(bounded(printable(raw), size).encode()) <= size
    log = BoundedLog(10, 10)
    log.add(raw)
    assert all(c.isprintable() or c in "\n\t" for c in log.text)
