"""Runs inside the jail, never in the agent: one video file to packets (`packets`). The jail calls `read`."""

from __future__ import annotations

from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import numpy as np

from gpu_agent.clips import packets
from gpu_agent.clips.decode import FileReader
from gpu_agent.clips.errors import ClipError, DamagedError


def read(source: str | int, name: str, tolerant: bool) -> Iterator[bytes | np.ndarray]:
    """`source`: a path, or the number of a file that the agent opened because this user cannot.

    `name`: the file's name; where FFmpeg cannot tell a format by its content, it goes by the suffix.
    """
    file = Path(source) if isinstance(source, str) else FileIO(name, opener=lambda *_: source)
    reader = FileReader(file, tolerant=tolerant)
    try:
        yield from frames(reader)
    except DamagedError:
        yield packets.DAMAGED
    except ClipError as refused:
        yield packets.refusal_packet(str(refused))
    else:
        yield packets.facts_packet(reader.facts)


def frames(reader: FileReader) -> Iterator[bytes | np.ndarray]:
    """The size, then each frame in one packet, whose memory is used again for the next."""
    packet = None
    for frame in reader:
        if packet is None:
            height, width = frame.y.shape
            yield packets.size_packet(width, height)
            packet = np.empty(1 + width * height * 3 // 2, np.uint8)
            packet[0] = ord(packets.FRAME)
        at = 1
        for plane in frame:
            packet[at : at + plane.size].reshape(plane.shape)[:] = plane
            at += plane.size
        yield packet
