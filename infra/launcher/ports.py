"""Whether the two ports are free, and whether this lab already runs."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path

from infra.launcher.terminal import Problem


def require_free(host: str, port: int, what: str, option: str) -> None:
    """Raises Problem, naming the port and the option that chooses another, unless `port` can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Problem(f"This user may not listen on port {port}. Choose one above 1023: {option} PORT") from None
        except OSError as error:
            if error.errno is not None and error.errno == 98:
                raise Problem(
                    f"Port {port}, which {what} needs, is in use by another program. Choose another: {option} PORT"
                ) from None
            raise Problem(f"{what[0].upper()}{what[1:]} cannot listen on {host}:{port}: {error.strerror}") from None


class Claim:
    """The data folder belongs to one running lab. Held as a lock on `lab.lock` until this process ends."""

    def __init__(self, data: Path) -> None:
        self.path = data / "lab.lock"
        try:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Problem(
                f"The data folder {data} cannot be used ({error.strerror}). Choose another: ./lab --data FOLDER"
            ) from None
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.handle)
            raise Problem(self._taken(data)) from None
        self.describe(None)

    def describe(self, url: str | None) -> None:
        """Write who holds it: the process, and the lab's address once it answers."""
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def _taken(self, data: Path) -> str:
        try:
            holder = json.loads(self.path.read_text())
        except (OSError, ValueError):
            holder = {}
        who = f" (process {holder['pid']})" if holder.get("pid") else ""
        if holder.get("url"):
            return f"The lab already runs at {holder['url']}{who}; Ctrl-C where it was started stops it."
        return f"Another ./lab{who} is starting on {data} at this moment."
