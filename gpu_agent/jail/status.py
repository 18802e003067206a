"""The status pipe: what the child says about itself. Shown and used as a hint, never believed.

Bytes from the child: `P` alive, `R` codec imported, `F` + u32 frames touched, `D` done, `E` + a kind + text: failed
(kind `X` exception, `O` output not as the contract wants it, `M` out of memory). The text ends with the pipe.
"""

from __future__ import annotations

import struct

from .text import printable

TEXT_BYTES = 6 << 10


class Status:
    def __init__(self) -> None:
        self.total = 0
        self.alive = self.ready = self.done = self.garbled = False
        self.kind: str | None = None
        self.frames = 0
        self._rest = b""
        self._text = bytearray()

    def add(self, data: bytes) -> None:
        """Take more bytes, in any slices. What fits no rule sets `garbled` and ends the reading."""
        self.total += len(data)
        if self.kind is not None:
            self._text += data[: TEXT_BYTES - len(self._text)]
            return
        if self.garbled:
            return
        rest = self._rest + data
        while rest:
            head = rest[:1]
            if head == b"P" and not self.alive:
                self.alive, rest = True, rest[1:]
            elif head == b"R" and self.alive and not self.ready:
                self.ready, rest = True, rest[1:]
            elif head == b"D" and self.ready and not self.done:
                self.done, rest = True, rest[1:]
            elif head == b"F" and self.ready and not self.done:
                if len(rest) < 5:
                    break
                (self.frames,) = struct.unpack_from("<I", rest, 1)
                rest = rest[5:]
            elif head == b"E" and self.alive and not self.done:
                if len(rest) < 2:
                    break
                self.kind = chr(rest[1]) if rest[1:2] in (b"X", b"O", b"M") else "X"
                self._text += rest[2 : 2 + TEXT_BYTES]
                rest = b""
            else:
                self.garbled, rest = True, b""
        self._rest = rest

    @property
    def text(self) -> str:
        return printable(bytes(self._text)).strip()

    @property
    def complete(self) -> bool:
        """The child said that it finished, and nothing else."""
        return self.done and not self.garbled and not self._rest and self.kind is None
