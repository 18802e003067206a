"""Stops the worker that has had nothing to do for half an hour. Run by a timer, as root; standard library only.

An agent that does not answer is not busy: a broken worker is stopped too, instead of being paid for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

MINUTES = 30
BUSY = Path("/run/codec-lab/busy")
HEALTH = "http://127.0.0.1:8787/health"


def busy(health: dict | None) -> bool:
    """Whether the agent runs an experiment, has one waiting, or measures what joins finished ones."""
    return health is not None and any(health.get(name) for name in ("running", "queue_depth", "background"))


def ask(url: str = HEALTH) -> dict | None:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


def decide(health: dict | None, mark: Path, now: float, minutes: float = MINUTES) -> bool:
    """True where the machine should stop. Keeps when it was last busy as the time of `mark`, made at the first look."""
    if busy(health) or not mark.exists():
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        os.utime(mark, (now, now))
        return False
    return now - mark.stat().st_mtime >= minutes * 60


def main() -> int:
    if decide(ask(), BUSY, time.time()):
        print(f"idle for {MINUTES} minutes: stopping")
        return subprocess.run(["systemctl", "poweroff"]).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
