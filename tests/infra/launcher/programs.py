"""Small real programs for the process tests, and waiting for what they do (bounded, never for luck)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 30.0

SERVER = """\
import http.server, os, signal, subprocess, sys
name, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if os.environ.get("STUBBORN") == name:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
# A grandchild in a session of its own whose parent is gone: what a killed process group would miss.
orphan = subprocess.run(["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
print(name, "listens", flush=True)
with open(f"{folder}/{name}.pids", "a") as out:
    out.write(f"{os.getpid()} {orphan.stdout.strip()}\\n")
server.serve_forever()
"""


def until(condition: Callable[[], object], what: str) -> object:
    """The first true value of `condition`; fails after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pids(folder: Path, name: str) -> list[int]:
    """Every process that the fake server `name` has reported, of all its starts."""
    path = folder / f"{name}.pids"
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def kill_quietly(numbers: list[int]) -> None:
    for pid in numbers:
        if alive(pid):
            os.kill(pid, 9)
