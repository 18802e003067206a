"""Untrusted bytes made fit to show: bounded and printable, so that no log or record carries control sequences."""

from __future__ import annotations

MESSAGE_BYTES = 8 << 10
MESSAGE_CHARACTERS = 4000
"""What a message may hold at most; short enough that its UTF-8 stays well under `MESSAGE_BYTES` with a sentence in front."""


def printable(raw: bytes | str) -> str:
    """Decode leniently and replace everything but printable characters, line feeds and tabs by '?'."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def bounded(text: str, size: int = MESSAGE_BYTES) -> str:
    """Cut to `size` bytes of UTF-8, keeping head and tail: the end of a traceback is what tells most."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= size:
        return raw.decode("utf-8")
    gap = "\n[...]\n"
    tail = (size - len(gap)) // 2
    head = size - len(gap) - tail
    return raw[:head].decode("utf-8", "ignore") + gap + raw[-tail:].decode("utf-8", "ignore")


class BoundedLog:
    """Keeps the first and the last part of what was printed, counts all of it, and holds no more than it keeps."""

    def __init__(self, head: int = 24 << 10, tail: int = 8 << 10) -> None:
        self.total = 0
        self._head_limit, self._tail_limit = head, tail
        self._head, self._tail = bytearray(), bytearray()

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = self._head_limit - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        del self._tail[: -self._tail_limit]

    @property
    def text(self) -> str:
        missing = self.total - len(self._head) - len(self._tail)
        gap = f"\n[... {missing:,} bytes left out ...]\n" if missing else ""
        return printable(bytes(self._head)) + gap + printable(bytes(self._tail))
