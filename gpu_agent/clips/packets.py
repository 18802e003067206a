"""What the reader in the jail says of a file, as packets: one byte of kind, then the rest.

    S  width and height, coded (even), two u32 little endian: once, before the first frame
    F  one frame: Y, then U, then V, as `identity` hashes it
    E  the facts as JSON: once, after the last frame
    D  strict reading found damage
    X  the file is refused: a sentence, UTF-8

Nothing follows E, D or X. Written here, read and doubted in `arrival`. Standard library and numpy only.
"""

from __future__ import annotations

import json
import struct

from .identity import Facts

SIZE, FRAME, FACTS, DAMAGED, REFUSED = b"S", b"F", b"E", b"D", b"X"
SIZE_FORMAT = struct.Struct("<II")


def size_packet(width: int, height: int) -> bytes:
    return SIZE + SIZE_FORMAT.pack(width, height)


def facts_packet(facts: Facts) -> bytes:
    """All that the agent cannot see in the frames themselves, and the count, to be held against its own."""
    said = {
        "visible_width": facts.visible_width,
        "visible_height": facts.visible_height,
        "fps": f"{facts.fps.numerator}/{facts.fps.denominator}",
        "frames": facts.frames,
        "full_range": facts.full_range,
        "matrix": facts.matrix,
        "pix_fmt": facts.pix_fmt,
        "notes": facts.notes,
    }
    return FACTS + json.dumps(said).encode()


def refusal_packet(sentence: str) -> bytes:
    return REFUSED + sentence.encode("utf-8", "replace")
