"""Finding bubblewrap, and saying in one sentence why it is missing, too old or refused, and how to mend that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

NEEDED = ("clearenv", "size", "perms", "seccomp", "info-fd", "ro-bind-data", "die-with-parent", "new-session")
"""Options that the jail cannot do without; all are there from bubblewrap 0.5.0 on (`--size`, `--perms`, `--clearenv`)."""

APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
USERNS_SWITCHES = (Path("/proc/sys/kernel/unprivileged_userns_clone"), Path("/proc/sys/user/max_user_namespaces"))


class Unavailable(Exception):
    """No run may start; the text says what is wrong and how to mend it."""


class Bubblewrap(NamedTuple):
    path: str
    version: str
    disable_userns: bool


def find(name: str = "bwrap") -> Bubblewrap:
    """Raises Unavailable where bubblewrap is missing, could be replaced by another user, or is too old."""
    path = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin")
    if path is None:
        raise Unavailable("bubblewrap is not installed; install it (Debian, Ubuntu: sudo apt install bubblewrap).")
    facts = os.stat(path)
    if facts.st_uid != 0 or facts.st_mode & 0o022:
        raise Unavailable(f"{path} must belong to root and be writable by root alone; reinstall bubblewrap.")
    text = subprocess.run([path, "--help"], capture_output=True, text=True, env={}, timeout=10).stdout
    version = subprocess.run([path, "--version"], capture_output=True, text=True, env={}, timeout=10).stdout.strip()
    return judge(path, version.removeprefix("bubblewrap "), text)


def judge(path: str, version: str, help_text: str) -> Bubblewrap:
    missing = [option for option in NEEDED if f"--{option} " not in help_text]
    if missing:
        raise Unavailable(
            f"bubblewrap {version or '(unknown version)'} is too old (no --{missing[0]}); install 0.5.0 or newer "
            "(Ubuntu 22.04 and Debian 12 have one)."
        )
    return Bubblewrap(path, version, "--disable-userns " in help_text)


def read_switch(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def explain(said: str, as_root: bool) -> str:
    """Why a jail did not start, from what bubblewrap printed and from the kernel's switches."""
    text = said.strip().replace("\n", " ")[:400] or "it printed nothing"
    if text.startswith(("bwrap: execvp", "setpriv: failed to execute")):
        return (
            "The jail cannot start its Python: another user must be able to read the virtual environment and the "
            f"interpreter it comes from (chmod -R go+rX on both). (It said: {text})"
        )
    refused = "permission" in text.lower() or "not permitted" in text.lower()
    if refused and not as_root and read_switch(APPARMOR_SWITCH) == "1":
        return (
            "AppArmor refuses user namespaces to bubblewrap (the default of Ubuntu 24.04). Allow them for it alone: "
            "write 'abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }' "
            f"to /etc/apparmor.d/bwrap and run: sudo systemctl reload apparmor. (bubblewrap said: {text})"
        )
    if not as_root and any(read_switch(path) == "0" for path in USERNS_SWITCHES):
        return (
            "User namespaces are switched off on this machine. Allow them: sudo sysctl -w "
            f"kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000. (bubblewrap said: {text})"
        )
    if refused:
        return (
            "The kernel refuses bubblewrap the namespaces it needs, as inside most containers; run the agent on the "
            f"machine itself or give the container CAP_SYS_ADMIN and no seccomp profile. (bubblewrap said: {text})"
        )
    return f"bubblewrap could not start the jail: {text}"
