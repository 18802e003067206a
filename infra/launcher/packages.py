"""The few system packages: installed with apt where this user may, otherwise named with the command that does it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from infra.launcher.terminal import Problem, ProgressLine

OS_RELEASE = Path("/etc/os-release")
RESTRICTED_NAMESPACES = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def apt() -> list[str] | None:
    """The command that installs without asking anybody, or None where this user may not."""
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n", *command]
    return None


def install(name: str) -> str | None:
    """Install one package; None, or why it did not work. Package lists are fetched only where they are missing."""
    command = apt()
    if command is None:
        return f"this user may not install packages. Run: {by_hand(name)}"
    wanted = [*command, "install", "--yes", "--no-install-recommends", name]
    with ProgressLine(f"Installing {name} with apt"):
        done = subprocess.run(wanted, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            subprocess.run([*command, "update"], capture_output=True, stdin=subprocess.DEVNULL)
            done = subprocess.run(wanted, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return None
    last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
    return f"apt could not install it. Run: {by_hand(name)}\n{last}"


def by_hand(name: str) -> str:
    """What a person types to get the package."""
    if shutil.which("apt-get"):
        return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {name}"
    return f"your system's package manager for {name}"


def ensure(name: str, what: str, present: Callable[[], object]) -> None:
    """Make sure of a package the lab cannot do without; raises Problem with the one command to run."""
    if present():
        return
    failure = install(name)
    if failure or not present():
        raise Problem(f"{what} is missing, and {failure or f'{name} did not bring it'}")


def ensure_bubblewrap() -> None:
    """Make sure of the jail's program. Raises Problem: without it no codec may run."""
    ensure("bubblewrap", "Bubblewrap, which keeps codecs in a jail,", present=lambda: shutil.which("bwrap"))


def jail_problem() -> str | None:
    """Why bubblewrap, though installed, cannot make a jail for this user; None where it can."""
    probe = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "/bin/true"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"Bubblewrap does not run ({error})."
    if answer.returncode == 0:
        return None
    said = (answer.stderr.strip().splitlines() or ["no message"])[-1]
    if RESTRICTED_NAMESPACES.exists() and RESTRICTED_NAMESPACES.read_text().strip() == "1" and os.geteuid() != 0:
        return (
            f"This system forbids user namespaces to programs without an AppArmor profile, so codecs cannot be jailed ({said}). "
            "Run: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return f"Bubblewrap cannot make a jail here, so runs will fail: {said}"


def chromium_problem() -> str | None:
    """None where the browser tests have a Chromium that they can drive (installing Debian's), otherwise why not."""
    if shutil.which("chromium"):
        return None
    if not shutil.which("apt-get"):
        return "There is no Chromium; install it with your system's package manager."
    if distribution() == "ubuntu":
        return "Ubuntu's Chromium package is only a stub for a snap, which the browser tests cannot drive."
    failure = install("chromium")
    return f"There is no Chromium, and {failure}" if failure else None


def distribution() -> str:
    """The ID of /etc/os-release, such as debian or ubuntu; empty where it says none."""
    try:
        lines = OS_RELEASE.read_text().splitlines()
    except OSError:
        return ""
    return next((line[3:].strip('"') for line in lines if line.startswith("ID=")), "")
