"""What the launcher says: one line a fact, and a single line that is rewritten while something long runs."""

from __future__ import annotations

import contextlib
import shutil
import sys


class Problem(Exception):
    """Something the person has to act on; the message is the whole sentence shown to them."""


def say(text: str = "", *, error: bool = False) -> None:
    """Print a line. A terminal that has gone away is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr if error else sys.stdout, flush=True)


class ProgressLine:
    """One line for a long step: rewritten in place on a terminal, printed once elsewhere.

    As a context manager it closes the line with `done` or, after an exception, leaves it for the error to follow.
    `silent`: nothing is shown.
    """

    def __init__(self, title: str, done: str | None = None, *, silent: bool = False) -> None:
        self.title, self.done, self.silent = title, done, silent
        self.live = sys.stdout.isatty() and not silent

    def __enter__(self) -> ProgressLine:
        if self.live:
            self.update("")
        elif not self.silent:
            say(f"{self.title} …")
        return self

    def update(self, detail: str) -> None:
        """Show what is going on within the step; nothing where the output is no terminal."""
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            with contextlib.suppress(OSError, ValueError):
                print(f"\r\x1b[K{f'{self.title} … {detail}'[:width]}", end="", flush=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.live:
            with contextlib.suppress(OSError, ValueError):
                print("\r\x1b[K", end="", flush=True)
        if kind is None and self.done:
            say(self.done)
