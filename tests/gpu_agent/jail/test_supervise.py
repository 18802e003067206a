"""The order in which a run begins: GO, then the clock, then what the codec waits for."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from gpu_agent.jail.supervise import START, Supervisor
from gpu_agent.jail.watchdog import Clock


@pytest.fixture
def inputs():
    read, write = os.pipe()
    os.set_blocking(write, False)
    yield read, write
    os.close(read)


@pytest.mark.parametrize(
    ("packets", "sent"), [(None, START), ([b"ab", b"c"], b"\x02\0\0\0ab\x01\0\0\0c")], ids=["encode", "decode"]
)
def test_nothing_that_a_codec_waits_for_comes_before_its_clock(inputs, packets, sent):
    read, write = inputs
    process = SimpleNamespace(go=lambda: True, close_fd=lambda name: os.close(write))
    clock, shown = Clock(0.0), []
    run = Supervisor(process, None, clock, None, packets, None, lambda: shown.append(clock.ready))
    run._advance(write)
    assert clock.went is None
    run.status.add(b"P")
    run._advance(write)
    assert clock.went is not None
    assert (clock.ready, shown) == (None, [])
    assert run._poll.poll(0) == []  # nothing is written to the codec

    run.status.add(b"R")
    run._advance(write)
    assert clock.ready is not None
    assert shown == [clock.ready]
    assert [fd for fd, _ in run._poll.poll(0)] == [write]
    while run._poll.poll(0):
        run._write_input(write)
    assert os.read(read, 100) == sent
    assert os.read(read, 1) == b""
