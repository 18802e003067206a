"""`python -m app.autopilot`: the service, as `./lab` and systemd start it."""

from __future__ import annotations

import logging
import signal
import sys

from app.settings import AppSettings
from gpu_agent.logs import configure
from gpu_agent.store import StoreError

from .service import AlreadyRunning, Service


def main() -> int:
    configure("info")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        service = Service(AppSettings())
    except (AlreadyRunning, StoreError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
