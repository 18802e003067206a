"""Signing in, on the box: what a person wrote in a file, checked by the lab's own rules, and kept as a SecureString."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.launcher.terminal import Problem

NAME = "orchestrator/sign-in"
TAKEN = ("auth", "sign_in_allowed", "sign_in_unverified", "allowed_hosts")
OWN_HOSTS = ("localhost", "127.0.0.1")
"""The tunnel's, and that under which the box asks itself for its health."""


def environment(file: Path) -> str:
    """The lab's variables for signing in, from a file like secrets.toml; other settings in it stay where they are.

    Raises Problem with what the lab would say of them. With these the lab listens to more than its own machine.
    """
    from app.settings import PREFIX, AppSettings
    from app.sign_in import SignInError, sign_in

    try:
        found = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise Problem(f"{file} cannot be read: {error}") from None
    given = {name.lower().removeprefix(PREFIX.lower()): value for name, value in found.items()}
    chosen = {name: given[name] for name in TAKEN if name in given}
    section = chosen.get("auth")
    if not isinstance(section, dict):
        raise Problem(f"{file} has no [auth]; infra/README.md shows one.")
    host = urlsplit(str(section.get("redirect_uri", ""))).hostname or ""
    chosen["allowed_hosts"] = list(dict.fromkeys([*chosen.get("allowed_hosts", []), host, *OWN_HOSTS]))
    try:
        sign_in(AppSettings(**{"sign_in_allowed": []} | chosen))
    except SignInError as error:
        raise Problem(f"{file}: {error}") from None
    values = {"app_host": "0.0.0.0"} | chosen
    return "".join(f"{PREFIX}{name.upper()}={line(value)}\n" for name, value in values.items())


def line(value: Any) -> str:
    """A value as systemd's EnvironmentFile and the settings both read it; JSON for what is no plain word."""
    text = value if isinstance(value, str) else json.dumps(value)
    if "'" in text or "\\" in text:
        raise Problem("Values for signing in may hold no quotes, backslashes or letters beyond ASCII.")
    return f"'{text}'"
