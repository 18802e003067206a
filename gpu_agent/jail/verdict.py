"""From what the agent saw of a run to its verdict and message. Success needs every witness to agree."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from .bubblewrap import explain
from .outcome import Mode, Verdict
from .policy import MIB, Policy
from .status import Status
from .text import MESSAGE_BYTES, bounded


@dataclass(frozen=True)
class Seen:
    """`code`: exit code of bubblewrap, 128 + n where signal n ended the child. `fault`: of the output as a whole."""

    mode: Mode
    policy: Policy
    killed: tuple[str, str] | None
    out_of_memory: bool
    held: bool
    gone: bool
    code: int | None
    status: Status
    fault: str | None
    sent: int
    log: str
    as_root: bool


def ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return "did not end"
    number = code - 128 if code > 128 else -code
    try:
        return f"was killed by {signal.Signals(number).name} (signal {number})" if number > 0 else f"exited with {code}"
    except ValueError:
        return f"exited with {code}"


def too_large(seen: Seen) -> str:
    if seen.mode == "decode":
        return f"decode wrote more than the {seen.policy.output_bytes:,} bytes of the frames it must."
    if seen.mode == "read":
        return "read wrote more than it may, or a packet that is larger than it may be."
    return f"encode wrote more than the {seen.policy.output_bytes // MIB:,} MB that a bitstream may have."


def claimed(seen: Seen) -> tuple[Verdict, str]:
    """The child's own word about a failure. It can only choose between failures."""
    status, mode = seen.status, seen.mode
    if status.kind == "O" and status.ready:
        return Verdict.OUTPUT_INVALID, status.text
    if status.kind == "M":
        return Verdict.MEMORY, f"{mode} could not get the memory it asked for.\n\n{status.text}"
    if not status.ready:
        return Verdict.EXCEPTION_START, f"The codec could not be imported.\n\n{status.text}"
    return Verdict.EXCEPTION, f"{mode} raised an exception.\n\n{status.text}"


def judge(seen: Seen) -> tuple[Verdict, str]:
    """The verdict with its message: a sentence, then the codec's own traceback; at most 8 KiB, printable."""
    verdict, message = _judge(seen)
    return verdict, bounded(message.strip(), MESSAGE_BYTES)


def _judge(seen: Seen) -> tuple[Verdict, str]:
    status, mode = seen.status, seen.mode
    if not seen.gone:
        return Verdict.SANDBOX_ERROR, "Processes of the run could not be ended; the machine needs a look."
    if seen.out_of_memory:
        return Verdict.MEMORY, f"{mode} used more than {seen.policy.memory_bytes // MIB:,} MB of memory."
    if seen.killed:
        verdict = Verdict(seen.killed[0])
        detail = too_large(seen) if verdict is Verdict.OUTPUT_TOO_LARGE else seen.killed[1]
        who = {"It": f"{mode} "}.get(detail.split(" ")[0])
        return verdict, who + detail.removeprefix("It ") if who else detail
    if not seen.held or not status.alive:
        return Verdict.SANDBOX_ERROR, explain(seen.log, seen.as_root)
    if status.kind is not None:
        return claimed(seen)
    if not status.ready:
        return Verdict.CRASH_START, f"The process {ending(seen.code)} while the codec was imported."
    if seen.code != 0:
        return Verdict.CRASH, f"The process {ending(seen.code)} during {mode}."
    if not status.complete:
        return Verdict.BAD_STATUS, f"The process ended during {mode} without having finished it."
    if seen.fault is not None:
        verdict = Verdict.OUTPUT_SHORT if mode == "decode" else Verdict.OUTPUT_INVALID
        return verdict, f"{mode} said that it had finished, but {seen.fault}."
    if mode == "encode" and seen.sent == 0:
        return Verdict.OUTPUT_EMPTY, "encode yielded no packet; a bitstream needs at least one."
    return Verdict.OK, ""
