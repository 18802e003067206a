"""What came of one run in the jail: a verdict, a sentence a user can act on, and the figures the agent took itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ..models import ErrorCategory, Failure

Mode = Literal["encode", "decode", "read"]


class Verdict(StrEnum):
    OK = "ok"
    EXCEPTION = "exception"
    EXCEPTION_START = "exception_start"
    CRASH = "crash"
    CRASH_START = "crash_start"
    TIMEOUT = "timeout"
    TIMEOUT_START = "timeout_start"
    CPU_TIMEOUT = "cpu_timeout"
    MEMORY = "memory"
    OUTPUT_TOO_LARGE = "output_too_large"
    OUTPUT_SHORT = "output_short"
    OUTPUT_INVALID = "output_invalid"
    OUTPUT_EMPTY = "output_empty"
    BAD_STATUS = "bad_status"
    LOG_FLOOD = "log_flood"
    STATUS_FLOOD = "status_flood"
    LEFTOVER = "leftover"
    CANCELLED = "cancelled"
    SANDBOX_ERROR = "sandbox_error"


CATEGORY: dict[Verdict, ErrorCategory] = {
    Verdict.EXCEPTION_START: ErrorCategory.INVALID_CODE,
    Verdict.TIMEOUT: ErrorCategory.TIMEOUT,
    Verdict.TIMEOUT_START: ErrorCategory.TIMEOUT,
    Verdict.CPU_TIMEOUT: ErrorCategory.TIMEOUT,
    Verdict.MEMORY: ErrorCategory.MEMORY,
    Verdict.OUTPUT_TOO_LARGE: ErrorCategory.OUTPUT_INVALID,
    Verdict.OUTPUT_SHORT: ErrorCategory.OUTPUT_INVALID,
    Verdict.OUTPUT_INVALID: ErrorCategory.OUTPUT_INVALID,
    Verdict.OUTPUT_EMPTY: ErrorCategory.OUTPUT_INVALID,
    Verdict.BAD_STATUS: ErrorCategory.OUTPUT_INVALID,
    Verdict.SANDBOX_ERROR: ErrorCategory.SANDBOX,
}
"""Category of a failed verdict in the record; those not named are errors of the phase that ran."""

PHASE = {"encode": ErrorCategory.ENCODE_ERROR, "decode": ErrorCategory.DECODE_ERROR, "read": ErrorCategory.LOST}


@dataclass(frozen=True)
class Outcome:
    """One encode, one decode or one reading of a file. Seconds are on the agent's clock; null figures were not measured.

    `wall_seconds` runs from READY (the codec is imported) to the end of the output and includes `sink_seconds`,
    the part spent in the caller's callback; `ready_at` is READY on the monotonic clock, None where it never came.
    `message` is at most 8 KiB of printable text: sentence first, then the codec's own traceback. `cpu_seconds` counts
    all processes of the run, imports included.
    """

    mode: Mode
    verdict: Verdict
    message: str = ""
    log: str = ""
    start_seconds: float = 0.0
    ready_at: float | None = None
    wall_seconds: float = 0.0
    sink_seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    output_bytes: int = 0
    level: str = "watchdog"

    @property
    def ok(self) -> bool:
        return self.verdict is Verdict.OK

    @property
    def failure(self) -> Failure | None:
        """The failure to record; None for a run that succeeded or that the caller itself cancelled."""
        if self.verdict in (Verdict.OK, Verdict.CANCELLED):
            return None
        return Failure(category=CATEGORY.get(self.verdict, PHASE[self.mode]), message=self.message)
