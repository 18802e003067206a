"""The bitstream file: a fixed header, then packets, each behind its length. The size of this file is the rate.

    "CLB1" | width u32 | height u32 | frames u32 | fps numerator u32 | fps denominator u32 | (LEB128 length, packet)*

All integers little-endian. The lab alone writes it; it reads it back as untrusted input all the same.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from .codec_kit.frames import VideoInfo
from .contract import most_packets

MAGIC = b"CLB1"
HEADER = struct.Struct("<4s5I")
MAX_PACKET = 1 << 30


class BitstreamError(ValueError):
    """The bytes are not a bitstream of this lab; the message says where they stop being one."""


class BitstreamWriter:
    """Appends packets to a new file. `packet_sizes` holds the payload sizes in order, framing excluded."""

    def __init__(self, file: BinaryIO, info: VideoInfo):
        self._file = file
        self.packet_sizes: list[int] = []
        file.write(HEADER.pack(MAGIC, info.width, info.height, info.frames, info.fps.numerator, info.fps.denominator))

    def write(self, packet: bytes) -> None:
        if len(packet) > MAX_PACKET:
            raise BitstreamError(f"packet {len(self.packet_sizes)} has {len(packet)} bytes; at most {MAX_PACKET} fit")
        self._file.write(leb128(len(packet)))
        self._file.write(packet)
        self.packet_sizes.append(len(packet))


def leb128(value: int) -> bytes:
    """Unsigned little-endian base 128: seven bits a byte, the top bit set on all but the last."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_bitstream(path: Path) -> tuple[VideoInfo, Iterator[bytes]]:
    """The header, and the packets one by one as they are needed."""
    with path.open("rb") as file:
        info = read_header(file)
    return info, read_packets(path, most_packets(info.frames))


def read_header(file: BinaryIO) -> VideoInfo:
    raw = file.read(HEADER.size)
    if len(raw) < HEADER.size or raw[:4] != MAGIC:
        raise BitstreamError("this is not a bitstream of the lab: it does not start with a CLB1 header")
    _, width, height, frames, numerator, denominator = HEADER.unpack(raw)
    if not (width and height and denominator and numerator) or width % 2 or height % 2:
        raise BitstreamError(f"the bitstream's header is impossible: {width}x{height}, {numerator}/{denominator} fps")
    return VideoInfo(width, height, frames, Fraction(numerator, denominator))


def read_packets(path: Path, most: int) -> Iterator[bytes]:
    """Packet by packet. Raises BitstreamError where one is cut, or there are more than `most`."""
    with path.open("rb") as file:
        file.seek(HEADER.size)
        index = 0
        while (length := read_length(file, index)) is not None:
            if index == most:
                raise BitstreamError(f"it has more than the {most:,} packets that its frames may have")
            packet = file.read(length)
            if len(packet) < length:
                raise BitstreamError(f"packet {index} is cut: {len(packet)} of {length} bytes")
            yield packet
            index += 1


def read_length(file: BinaryIO, index: int) -> int | None:
    value = shift = 0
    while byte := file.read(1):
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if value > MAX_PACKET or shift > 35:
            raise BitstreamError(f"packet {index} claims an impossible length")
        if byte[0] < 0x80:
            return value
    if shift:
        raise BitstreamError(f"the length of packet {index} is cut")
    return None
