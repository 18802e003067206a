"""`healthy.py PORT BUILD [SECONDS]`: waits until the program on this port answers /health with this build. Standard library only."""

from __future__ import annotations

import json
import sys
import time
import urllib.request

SECONDS = 180.0


def answered(port: str) -> dict | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            found = json.load(answer)
            return found if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


def main(port: str, build: str, seconds: float = SECONDS) -> int:
    until, found = time.monotonic() + seconds, None
    while time.monotonic() < until:
        found = answered(port)
        if found and found.get("build") == build:
            return 0
        time.sleep(1)
    said = f"build {found.get('build')}" if found else "nothing"
    print(
        f"After {seconds:.0f} seconds port {port} answers with {said}, and build {build} was installed.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3], *map(float, sys.argv[3:4])))
