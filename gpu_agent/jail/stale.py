"""Removes what a killed agent may have left: the init of a jail whose bubblewrap died before the init was bound to it.

bubblewrap's init waits for a word of its parent before it arms its parent-death signal. If the agent is SIGKILLed in
that moment (under a millisecond), bubblewrap dies with it and the init waits for ever. It runs nothing of the codec,
but it is a process that is left. A jail that lives has a living bubblewrap as the parent of its init.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from .mounts import CHILD

NAME = "bwrap"


def sweep() -> int:
    """Kill every such init of this user; how many."""
    return sum(removed(int(entry.name)) for entry in os.scandir("/proc") if entry.name.isdigit())


def removed(pid: int) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not is_orphan(Path("/proc", str(pid))):  # asked while held, so that the number cannot pass to another
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)


def is_orphan(entry: Path) -> bool:
    """The init of a pid namespace, started for a codec's jail, without a bubblewrap above it. Raises OSError if gone."""
    words = (entry / "cmdline").read_bytes().split(b"\0")
    if os.path.basename(words[0]) != NAME.encode() or CHILD.encode() not in words:
        return False
    facts = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line)
    numbers = facts.get("NSpid", "").split()
    if len(numbers) < 2 or numbers[-1] != "1" or int(facts["Uid"].split()[0]) != os.getuid():
        return False
    with contextlib.suppress(OSError):
        return Path("/proc", facts["PPid"].strip(), "comm").read_text().strip() != NAME
    return True
