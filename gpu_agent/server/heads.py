"""Connections that the agent waits for and knows nothing good of: no token yet, and a request that is not whole.

They may be many and cost nothing to whoever opens them, so they never keep others out: where every slot is taken, the one
that was waited for longest is ended. An honest client sends its request with the connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

GRACE_SECONDS = 1.0
"""Nobody is ended sooner: a request of an honest client is on its way."""


class Heads:
    """Thread-safe. A connection is in it from `wait_for` to `leave`, which must come before the connection is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[socket.socket, float] = {}

    def wait_for(self, connection: socket.socket) -> None:
        with self._lock:
            self._since.pop(connection, None)
            self._since[connection] = time.monotonic()

    def leave(self, connection: socket.socket) -> None:
        with self._lock:
            self._since.pop(connection, None)

    def end_oldest(self) -> bool:
        """End the connection that was waited for longest, if it had its grace; its thread then sees the end of input."""
        with self._lock:
            oldest = next(iter(self._since), None)
            if oldest is None or time.monotonic() - self._since[oldest] < GRACE_SECONDS:
                return False
            del self._since[oldest]
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
            return True
