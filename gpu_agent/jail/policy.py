"""The bounds of one run, in bytes and seconds: the record's limits plus the few that are the jail's own."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..models import Limits

MIB = 1 << 20
FRAMING_BYTES = 4
"""A packet's length on the pipe: unsigned 32 bits, little endian."""


@dataclass(frozen=True)
class Policy:
    start_seconds: float
    wall_seconds: float
    cpu_seconds: float | None
    memory_bytes: int
    processes: int
    output_bytes: int
    log_bytes: int
    tmp_bytes: int
    open_files: int = 1024
    tmp_files: int = 65_536
    locked_bytes: int = 8 * MIB
    status_bytes: int = 64 << 10
    status_bytes_per_second: int = 256
    host_floor_bytes: int = 512 * MIB
    threads: int = 1
    sink_seconds: float = 60.0
    """What the caller's sink may take of a run in all. It is not the codec's time, but it ends too."""
    silent_seconds: float | None = None
    """Without a whole packet or frame for so long, it is ended; None: only the wall time counts."""

    @classmethod
    def of(cls, limits: Limits, output_bytes: int | None = None) -> Policy:
        """`output_bytes`: exact size of the output at decode; None takes the cap on the bitstream."""
        return cls(
            start_seconds=limits.start_seconds,
            wall_seconds=limits.wall_seconds,
            sink_seconds=max(60.0, limits.wall_seconds),
            cpu_seconds=limits.cpu_seconds,
            memory_bytes=limits.memory_mb * MIB,
            processes=limits.processes,
            output_bytes=limits.bitstream_mb * MIB if output_bytes is None else output_bytes,
            log_bytes=limits.log_kb << 10,
            tmp_bytes=limits.tmp_mb * MIB,
            threads=min(len(os.sched_getaffinity(0)), max(1, limits.processes // 4)),
        )

    @property
    def rlimits(self) -> dict[str, int]:
        """Set by the child before it imports anything of the codec; hard limits too, so they cannot be raised.

        RLIMIT_AS and RLIMIT_DATA are missing on purpose: CUDA and numba reserve far more address space than they
        use, so memory is bounded by what is touched (see `watchdog` and `cgroup`).
        """
        return {
            "RLIMIT_NPROC": self.processes,
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_FSIZE": self.tmp_bytes,
            "RLIMIT_MEMLOCK": self.locked_bytes,
            "RLIMIT_MSGQUEUE": 0,
        }
