"""A bounded memory of things that never change once written: code, bodies and points by their content's name."""

from __future__ import annotations

import threading
from collections import OrderedDict


class Recent:
    """Bytes by name; what was asked for longest ago goes first when `limit` bytes are exceeded. Thread-safe."""

    def __init__(self, limit: int = 64_000_000):
        self._limit, self._size = limit, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: str, data: bytes) -> None:
        with self._lock:
            self._size += len(data) - len(self._kept.pop(name, b""))
            self._kept[name] = data
            while self._size > self._limit:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone)
