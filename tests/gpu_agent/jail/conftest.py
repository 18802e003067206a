"""A jail for all tests of the folder, a small clip, planted canaries, and a look at what a run leaves behind."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gpu_agent.codec_kit import VideoInfo
from gpu_agent.contract import EXAMPLE
from gpu_agent.jail import Jail, Outcome
from gpu_agent.jail.watchdog import tree
from gpu_agent.models import Limits

INFO = VideoInfo(32, 16, 4, Fraction(30000, 1001))
SMALL = Limits(
    start_seconds=30, wall_seconds=30, memory_mb=192, processes=48, bitstream_mb=4, tmp_mb=4, log_kb=64
)  # fmt: skip
"""The times are for a busy machine: a run that is to end by another limit must not come to them before."""
CANARY_HOME = Path("/tmp/codec-lab-canary")


@dataclass
class Bench:
    """Runs codecs on one small clip; collects what came out."""

    jail: Jail
    source: Path
    packets: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    def encode(self, code: str, limits: Limits = SMALL, rate: float = 4, **more) -> Outcome:
        self.packets.clear()
        more.setdefault("on_packet", self.packets.append)
        return self.jail.encode(code, self.source, INFO, rate, limits, **more)

    def decode(self, code: str, packets=(b"x",), limits: Limits = SMALL, **more) -> Outcome:
        self.frames.clear()
        more.setdefault("on_frame", lambda view: self.frames.append(bytes(view)))
        return self.jail.decode(code, packets, INFO, limits, **more)

    def honest(self) -> str:
        """Hash of what an honest codec's packets and frames are."""
        encoded = self.encode(EXAMPLE)
        assert encoded.ok, encoded
        decoded = self.decode(EXAMPLE, list(self.packets))
        assert decoded.ok, decoded
        return hashlib.sha256(b"|".join([*self.packets, *self.frames])).hexdigest()


def held() -> set[str]:
    """Processes below this one, its open files, and the mounts it sees. What is there already may go at any time, as
    what other tests have left to the garbage collection does."""
    found = {f"process {pid}" for pid in tree(os.getpid())}
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(f"file {fd} {os.readlink(f'/proc/self/fd/{fd}')}")
    return found | set(Path("/proc/self/mountinfo").read_text().splitlines())


@pytest.fixture(scope="session")
def jail() -> Jail:
    jail = Jail()
    status = jail.status()
    if not status.available:
        pytest.skip(f"the jail cannot run here, so nothing of it was tested: {status.message}")
    return jail


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "planes"
    size = INFO.frames * INFO.frame_bytes
    path.write_bytes(np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes())
    path.chmod(0o644)
    return path


@pytest.fixture
def bench(jail: Jail, source: Path) -> Bench:
    return Bench(jail, source)


@pytest.fixture(scope="session")
def honest_hash(jail: Jail, source: Path) -> str:
    return Bench(jail, source).honest()


@dataclass
class Canaries:
    """`port`: of a listener that answers with a canary, as the agent's own port would; `calls`: who connected."""

    port: int
    calls: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    """Secrets where an attack may look for them: the agent's environment, files, a port."""
    os.environ["CODEC_LAB_SECRET"] = "CANARY-environment"
    (CANARY_HOME / "source").mkdir(parents=True, exist_ok=True)
    (CANARY_HOME / "secret").write_text("CANARY-file")
    (CANARY_HOME / "source" / "clip.yuv").write_bytes(b"CANARY-source" * 100)
    listener = socket.create_server(("127.0.0.1", 0))
    planted = Canaries(listener.getsockname()[1])
    threading.Thread(target=answer, args=(listener, planted.calls), daemon=True).start()
    yield planted
    listener.close()
    del os.environ["CODEC_LAB_SECRET"]
    shutil.rmtree(CANARY_HOME, ignore_errors=True)


def answer(listener: socket.socket, calls: list[str]) -> None:
    while True:
        try:
            connection, caller = listener.accept()
        except OSError:
            return
        calls.append(str(caller))
        with contextlib.suppress(OSError), connection:
            connection.sendall(b"CANARY-port")


@pytest.fixture
def nothing_left(bench: Bench, honest_hash: str, tmp_path: Path, monkeypatch) -> Callable[[], None]:
    """Call it after an attack: no process, open file, mount or temporary file may be left, and an honest codec must
    give what it gave before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = held()

    def check() -> None:
        assert held() <= before
        assert list(tmp_path.iterdir()) == []
        assert bench.honest() == honest_hash

    return check
