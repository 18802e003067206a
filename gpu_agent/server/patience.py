"""How long the agent listens to a client who sends slowly."""

from __future__ import annotations

import io
import socket
import time


class PatientReader(io.RawIOBase):
    """The raw side of a connection's input. No read waits longer than `silence` seconds.

    While a `deadline` is set (on the monotonic clock) all reads together end there, so that a client who sends one byte
    a minute cannot hold a thread. A body that was asked for has none: an upload may take hours as long as it goes on.
    """

    def __init__(self, connection: socket.socket, silence: float):
        self._connection, self._silence = connection, silence
        self.deadline: float | None = None

    def within(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        wait = self._silence
        if self.deadline is not None:
            wait = min(wait, self.deadline - time.monotonic())
        if wait <= 0:
            raise TimeoutError("the client is too slow")
        self._connection.settimeout(wait)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._silence)
