"""What a turn looks like from outside: an immutable snapshot, and the thread-safe collector that makes them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .models import PRICES, PriceTable, Usage, cost


class TurnStatus(StrEnum):
    CONNECTING = "connecting"
    THINKING = "thinking"
    WRITING = "writing"
    WAITING = "waiting"
    """Claude was busy; the turn tries again by itself after `retry_in` seconds."""
    DONE = "done"
    """The one status in which the reply is whole."""
    TRUNCATED = "truncated"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"
    """The person stopped it."""
    INTERRUPTED = "interrupted"
    """The lab went away in the middle; only a stored turn can have this status."""

    @property
    def active(self) -> bool:
        return self in (TurnStatus.CONNECTING, TurnStatus.THINKING, TurnStatus.WRITING, TurnStatus.WAITING)


@dataclass(frozen=True)
class TurnState:
    """A turn at one moment.

    `error` is a sentence with the next step, `detail` the service's own words. `content` holds the assistant's blocks
    as returned (JSON), only when the turn is whole. `usage` and `cost` (US dollars, None: price unknown) cover all
    attempts; without `usage_final` they are what was known when the stream ended, so the bill may be higher.
    """

    model: str
    effort: str
    status: TurnStatus = TurnStatus.CONNECTING
    text: str = ""
    thinking: str = ""
    error: str | None = None
    detail: str | None = None
    notice: str | None = None
    retry_in: float | None = None
    attempt: int = 1
    usage: Usage = field(default_factory=Usage)
    usage_final: bool = False
    cost: Decimal | None = None
    seconds: float = 0.0
    stop_reason: str | None = None
    request_id: str | None = None
    unbilled: bool = False
    """A failed turn: its last request never reached the service, or was refused before a reply began."""
    retryable: bool = False
    """A failed turn: the same request may succeed later."""
    content: tuple[dict[str, Any], ...] | None = None
    version: int = 0


def sendable(text: str) -> str:
    """The text without lone surrogates, which neither a request nor a database can hold."""
    return text.encode("utf-8", "replace").decode()


class LiveTurn:
    """Collects a running turn. Any thread may take snapshots; the first `settle` wins and later changes are ignored."""

    def __init__(self, model: str, effort: str, prices: PriceTable = PRICES):
        self._lock = threading.Lock()
        self._model, self._effort, self._prices = model, effort, prices
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._facts: dict[str, Any] = {"status": TurnStatus.CONNECTING}
        self._earlier, self._usage = Usage(), Usage()
        self._started, self._ended, self._retry_at = time.monotonic(), None, None
        self._version = 0

    @property
    def version(self) -> int:
        """Grows with every change: a cheap way to see whether a new snapshot is worth taking."""
        return self._version

    def write(self, text: str = "", thinking: str = "") -> bool:
        """Append what arrived. False once the turn is over."""
        with self._lock:
            if self._ended is not None:
                return False
            if text:
                self._text.append(sendable(text))
            if thinking:
                self._thinking.append(sendable(thinking))
            self._version += 1
            return True

    @property
    def has_text(self) -> bool:
        return bool(self._text)

    @property
    def has_thinking(self) -> bool:
        return bool(self._thinking)

    def update(self, usage: Usage | None = None, **facts: Any) -> bool:
        """Set facts of TurnState, or this attempt's usage so far. False once the turn is over."""
        with self._lock:
            if self._ended is not None:
                return False
            self._set(usage, facts)
            return True

    def wait(self, seconds: float, notice: str) -> bool:
        """This attempt failed before any text: its tokens are kept, its thinking goes, the next one waits."""
        with self._lock:
            if self._ended is not None:
                return False
            self._earlier, self._usage = self._earlier + self._usage, Usage()
            self._thinking.clear()
            self._retry_at = time.monotonic() + seconds
            self._set(None, {"status": TurnStatus.WAITING, "notice": notice})
            return True

    def retry(self, attempt: int) -> bool:
        with self._lock:
            if self._ended is not None:
                return False
            self._retry_at = None
            self._set(None, {"status": TurnStatus.CONNECTING, "notice": None, "attempt": attempt})
            return True

    def settle(self, status: TurnStatus, **facts: Any) -> bool:
        """End the turn. False if it had ended before: then nothing changes."""
        with self._lock:
            if self._ended is not None:
                return False
            self._retry_at = None
            self._set(None, {"status": status, "notice": None, **facts})
            self._ended = time.monotonic()
            return True

    def _set(self, usage: Usage | None, facts: dict[str, Any]) -> None:
        if usage is not None:
            self._usage = usage
        self._facts.update(facts)
        self._version += 1

    def snapshot(self) -> TurnState:
        with self._lock:
            now = time.monotonic()
            usage = self._earlier + self._usage
            return TurnState(
                model=self._model,
                effort=self._effort,
                text="".join(self._text),
                thinking="".join(self._thinking),
                usage=usage,
                cost=cost(usage, self._model, self._prices),
                seconds=(self._ended or now) - self._started,
                retry_in=None if self._retry_at is None else max(0.0, self._retry_at - now),
                version=self._version,
                **self._facts,
            )
