"""The self-test at start: a canary codec tries every promise from inside a real jail, and the agent judges.

No codec runs unless all of it holds; the first promise broken is the message.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .framing import PacketOutput
from .mounts import Python, environment
from .outcome import Outcome, Verdict
from .policy import MIB, Policy
from .run import Task

CODEC = Path(__file__).with_name("canary_codec.py")
JOB = {"rate": 1, "width": 2, "height": 2, "frames": 1, "fps": "1"}
POLICY = Policy(
    start_seconds=30, wall_seconds=10, cpu_seconds=None, memory_bytes=128 * MIB, processes=64, output_bytes=MIB,
    log_bytes=MIB, tmp_bytes=4 * MIB, host_floor_bytes=0,
)  # fmt: skip
HOARD = """
import time
def encode(video, rate):
    held = []
    for _ in range(512):  # four times what is allowed: enough to tell, and no harm where nothing bounds it
        held.append(bytearray(b"x") * (1 << 20))
    time.sleep(5)  # until a watchdog on a busy machine has looked
    yield b"x"
"""
STUBBORN = """
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
def encode(video, rate):
    while True:
        pass
"""
ROOT = {"bin", "codec", "dev", "etc", "lab", "lib", "lib32", "lib64", "proc", "sbin", "source", "sys", "tmp", "usr"}
ETC = {"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "passwd"}


class Check(NamedTuple):
    """One promise: whether it holds, and what was seen."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class JailStatus:
    """`message`: a sentence, with how to mend it where something is wrong. `level` is null where no run may start."""

    available: bool
    level: str | None
    message: str
    checks: tuple[Check, ...] = ()


def inspect(run: Callable[[Task], Outcome], level: str, level_reason: str, required: str, python: Python) -> JailStatus:
    """`run`: the jail's own run, without the guard that asks for this very answer."""
    if required == "full" and level != "full":
        message = (
            f"The jail's level is {level}, but full is required: {level_reason}. Start the agent with a delegated cgroup: "
            "Delegate=yes on its systemd unit, or systemd-run --user --scope -p Delegate=yes on a laptop."
        )
        return JailStatus(False, None, message, (Check("level", False, level_reason),))
    reports: list[bytes] = []
    outcome = in_canary(run, CODEC.read_text(), POLICY, reports.append)
    if not outcome.ok:
        message = outcome.message + (f" (It printed: {outcome.log.strip()[:400]})" if outcome.log.strip() else "")
        return JailStatus(False, None, message, (Check("start", False, message),))
    checks = [Check("start", True, f"{outcome.start_seconds * 1000:.0f} ms"), Check("level", True, level_reason)]
    checks += judge(json.loads(reports[0]), python)
    checks += [ends(run, "memory is bounded", HOARD, POLICY, Verdict.MEMORY)]
    checks += [ends(run, "time is bounded", STUBBORN, brief(POLICY), Verdict.TIMEOUT)]
    broken = [check for check in checks if not check.ok]
    if broken:
        message = f"The jail does not hold here: {broken[0].name}: {broken[0].detail.rstrip('.')}. No codec runs until it does."
        return JailStatus(False, None, message, tuple(checks))
    return JailStatus(True, level, f"The jail holds, at level {level} ({level_reason}).", tuple(checks))


def in_canary(run: Callable[[Task], Outcome], code: str, policy: Policy, on_packet: Callable[[bytes], None]) -> Outcome:
    """One run of the code on a clip of its own: a clip is laid out beside where it lies, and that must not be among the
    program's files, which others read meanwhile."""
    output = PacketOutput(policy.output_bytes, on_packet, most=1)
    try:
        with tempfile.TemporaryDirectory(prefix="codec-lab-canary-") as folder:
            clip = Path(folder, "clip.yuv")
            clip.write_bytes(bytes(6))
            clip.chmod(0o644)
            return run(Task("encode", code, JOB, policy, output, lambda frames: None, source=clip))
    except OSError as e:
        return Outcome("encode", Verdict.SANDBOX_ERROR, f"The canary's clip could not be written: {e}.")


def brief(policy: Policy) -> Policy:
    return Policy(**{**vars(policy), "wall_seconds": 0.2})


def ends(run: Callable[[Task], Outcome], name: str, code: str, policy: Policy, expected: Verdict) -> Check:
    outcome = in_canary(run, code, policy, lambda packet: None)
    return Check(name, outcome.verdict is expected, f"{outcome.verdict}: {outcome.message}"[:400])


def judge(said: dict[str, Any], python: Python) -> Iterator[Check]:
    """The canary's report held against the promises."""

    def check(name: str, ok: bool, seen: object) -> Check:
        return Check(name, ok, str(seen)[:400])

    uids, namespaces = said["uids"], said["namespaces"]
    yield check("never root inside", 0 not in uids, f"uids and gids {uids}")
    yield check("no capabilities", set(said["capabilities"].values()) == {"0" * 16}, said["capabilities"])
    yield check("no new privileges", said["no_new_privileges"] == "1", f"NoNewPrivs {said['no_new_privileges']}")
    denied = {said[name] for name in ("unshare", "mincore")} == {"EPERM"} and said["vsock"] == "EAFNOSUPPORT"
    yield check(
        "system calls are filtered",
        said["seccomp"] == "2" and denied,
        {k: said[k] for k in ("seccomp", "unshare", "mincore", "vsock")},
    )
    confined = said["init"] == {"CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    yield check("the init is as confined", confined, said["init"])
    allowed = set(environment(POLICY, gpu=False)) | {"PWD", "LC_CTYPE"}
    yield check("no environment", set(said["environment"]) <= allowed, set(said["environment"]) - allowed or "as set")
    yield check("no environment in /proc/1", said["first_environment"] == 0, f"{said['first_environment']} bytes")
    network = said["internet"] != "done" and said["interfaces"] in (["lo"], [])
    yield check("no network", network, f"interfaces {said['interfaces']}, connecting: {said['internet']}")
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in namespaces}
    shared = [name for name in namespaces if own[name] == namespaces[name]]
    # A root agent makes no user namespace: the codec runs as a user that owns nothing instead.
    yield check("own namespaces", set(shared) <= ({"user"} if os.geteuid() == 0 else set()), f"shared: {shared}")
    yield check("own processes only", len(said["processes"]) <= 4, said["processes"])
    foreign = set(said["root"]) - ROOT - python.roots
    yield check("nothing else in /", not foreign, sorted(foreign) or "nothing")
    yield check("nothing else in /etc", set(said["etc"]) <= ETC, sorted(set(said["etc"]) - ETC) or "nothing")
    yield check("the system is read-only", not said["written"], said["written"] or "nothing was written")
    yield check("the source is read-only", said["source"] in ("EROFS", "EACCES"), said["source"])
    yield check("tmp is bounded", set(said["filled"].values()) == {"ENOSPC"}, said["filled"])
