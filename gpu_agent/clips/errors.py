"""What can go wrong with a clip, and the one way work on a clip is called off."""

from __future__ import annotations

from collections.abc import Callable

Cancel = Callable[[], bool] | None
"""Asked between frames; true ends the work with ClipCancelled. `threading.Event().is_set` is one."""

Progress = Callable[[int, int | None], None] | None
"""Told (frames or bytes done, total or None where the total is not known beforehand)."""


class ClipError(ValueError):
    """A clip that is unknown, unreadable or too large; the message is a sentence for the person who chose it."""


class DamagedError(ClipError):
    """Strict reading found damage; a tolerant reading may still give a clip."""


class ReadingUnavailable(ClipError):
    """Files of people cannot be read on this machine now: it is the lab that lacks something, not the file."""


class ClipCancelled(Exception):
    """The caller's `cancel` said so. Nothing half-made is left behind."""


def check_cancel(cancel: Cancel) -> None:
    if cancel is not None and cancel():
        raise ClipCancelled("The work on this clip was cancelled.")
