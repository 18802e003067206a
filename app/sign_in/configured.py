"""What has been configured for signing in, whole or refused: a half of it would be a lab that looks closed and is open."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.auth_util import is_authlib_installed

from app.settings import AppSettings
from app.sign_in.people import People, people

CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32
NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
KNOWN = {*NEEDED, "client_kwargs"}


class SignInError(ValueError):
    """What is wrong with the configuration, in one sentence that quotes no secret."""


@dataclass(frozen=True)
class SignIn:
    """`section`: Streamlit's `[auth]`. `origin`: scheme and host under which browsers see the lab."""

    origin: str
    provider: str
    people: People
    cookie_secret: str = field(repr=False)
    section: Mapping[str, Any] = field(repr=False)

    @property
    def https(self) -> bool:
        return self.origin.startswith("https://")


def sign_in(settings: AppSettings) -> SignIn | None:
    """None where nothing is configured, so that nobody is asked. Raises SignInError where something is missing."""
    section = table(settings.auth)
    if section is None:
        if settings.sign_in_allowed:
            raise SignInError(
                "CODEC_LAB_SIGN_IN_ALLOWED names people, but there is no [auth] by which they could sign in."
            )
        return None
    missing = [name for name in NEEDED if not (isinstance(section.get(name), str) and section[name].strip())]
    if missing:
        raise SignInError(f"[auth] for signing in is not complete; missing or empty: {', '.join(missing)}.")
    if unknown := sorted(set(section) - KNOWN):
        raise SignInError(f"[auth] has {unknown[0]}, which the lab does not take: it knows {', '.join(sorted(KNOWN))}.")
    if len(section["cookie_secret"]) < SHORTEST_SECRET:
        raise SignInError(
            f"cookie_secret of [auth] has fewer than {SHORTEST_SECRET} characters and could be guessed; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if not is_authlib_installed():
        raise SignInError("Signing in needs Authlib, which is in requirements.txt and is not installed here.")
    back, provider = urlsplit(section["redirect_uri"]), urlsplit(section["server_metadata_url"])
    origin = origin_of(section["redirect_uri"])
    if origin is None or back.path != CALLBACK or back.query or not safe(back.scheme, back.hostname):
        raise SignInError(f"redirect_uri of [auth] must be the lab's own https:// address with {CALLBACK} behind it.")
    if not safe(provider.scheme, provider.hostname):
        raise SignInError(
            "server_metadata_url of [auth] must be the https:// address of the provider's openid-configuration."
        )
    if not takes(settings.allowed_hosts, back.hostname or ""):
        raise SignInError(
            f"Signing in leads back to {back.hostname}, which CODEC_LAB_ALLOWED_HOSTS does not name, so nobody would arrive."
        )
    try:
        allowed = people(settings.sign_in_allowed, settings.sign_in_unverified)
    except ValueError as error:
        raise SignInError(f"CODEC_LAB_SIGN_IN_ALLOWED cannot be read: {error}.") from None
    if not allowed.addresses | allowed.domains:
        raise SignInError(
            "CODEC_LAB_SIGN_IN_ALLOWED is empty, so nobody may sign in; name e-mail addresses or domains, "
            'as in ["ada@example.com", "example.org"].'
        )
    # Streamlit compares what stands here with what browsers say, letter by letter.
    passed_on = {**section, "redirect_uri": origin + CALLBACK}
    return SignIn(origin, provider.hostname or "", allowed, section["cookie_secret"], passed_on)


def table(value: Any) -> dict[str, Any] | None:
    """A table as TOML brings it, or as JSON in the environment."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError:
            raise SignInError("CODEC_LAB_AUTH is not the JSON of a table like [auth].") from None
    if value in (None, ""):
        return None
    if not isinstance(value, dict):
        raise SignInError("[auth] must be a table.")
    return value


def origin_of(address: str) -> str | None:
    """As a browser writes the origin of this address: lower case, no default port, nobody's name in it."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    named = port is not None and port != {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}:{port}" if named else f"{parts.scheme}://{host}"


def safe(scheme: str, host: str | None) -> bool:
    """Whether what is sent there cannot be read or changed on its way: https, or this machine."""
    if not host or scheme not in ("https", "http"):
        return False
    try:
        return scheme == "https" or host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def takes(allowed: list[str], host: str) -> bool:
    """As Starlette's TrustedHostMiddleware reads its list."""
    return any(p == "*" or p == host or (p.startswith("*.") and host.endswith(p[1:])) for p in allowed)
