"""What the stub can be told to answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FAULTS = ("overloaded", "api", "reset", "truncate", "eof", "stall", "badjson", "nostart")


@dataclass
class HttpError:
    """An error instead of a stream. `raw` is a body that is not the API's, such as a proxy's HTML page."""

    status: int
    type: str = "api_error"
    message: str = "stub error"
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None


@dataclass
class Reply:
    """A streamed (or whole) message, optionally broken on the way.

    `chunk` is characters a delta, `delay` seconds between deltas, `first_delay` seconds before the status line.
    `fault` strikes after `after` deltas: an error event (`overloaded`, `api`), a TCP reset, a body cut before its last
    chunk (`truncate`), a well-formed end without message_stop (`eof`), silence for `stall` seconds, an event that is
    no JSON, or a stream that lacks message_start (`nostart`). `split_bytes` cuts the wire into pieces, through UTF-8
    and events alike. `unknown` adds an event that nobody knows.
    """

    text: str | None = None
    thinking: str | None = None
    stop_reason: str = "end_turn"
    stop_details: dict[str, Any] | None = None
    chunk: int = 16
    delay: float = 0.0
    first_delay: float = 0.0
    fault: str | None = None
    after: int = 3
    stall: float = 3600.0
    unknown: bool = False
    split_bytes: int = 0
