"""One line an event, to stderr: journald and CloudWatch take it from there. Secrets are never passed to a logger."""

from __future__ import annotations

import logging
import sys


def configure(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("numba", "matplotlib", "libav", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


HARMLESS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Other line ends, and escapes that a terminal would obey: what a client sends may end up in a message."""


class OneLine(logging.Formatter):
    """Keeps an event on one line, tracebacks included, so that one grep finds the whole of it."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " ⏎ ").translate(HARMLESS)
