"""Who may use the lab: e-mail addresses and whole domains. A provider such as Google vouches for anybody at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ADDRESS = re.compile(r"[a-z0-9._%+'-]+@([a-z0-9-]+\.)+[a-z0-9-]+")
DOMAIN = re.compile(r"@?([a-z0-9-]+\.)+[a-z0-9-]+")


@dataclass(frozen=True)
class People:
    """`addresses` and `domains` in lower case. `unverified`: take an address of which the provider says nothing more."""

    addresses: frozenset[str]
    domains: frozenset[str]
    unverified: bool = False

    def refusal(self, claims: Mapping[str, Any]) -> str | None:
        """Why the person of these claims may not use the lab, as a sentence; None where they may."""
        address = claims.get("email")
        # isascii before lower: the Kelvin sign in lower case is a plain k.
        if not isinstance(address, str) or not address.isascii() or not ADDRESS.fullmatch(address.lower()):
            return "Your provider gives no e-mail address for you, and people are known by theirs here."
        verified = claims.get("email_verified")
        if verified is None and not self.unverified:
            return f"Your provider does not say whether {address} is verified, so it does not count here."
        if verified not in (None, True, "true"):
            return f"Your provider has not verified that {address} is yours, so it does not count here."
        address = address.lower()
        if address in self.addresses or address.rpartition("@")[2] in self.domains:
            return None
        return f"You are signed in as {address}, and that address may not use this lab."


def people(entries: Iterable[str], unverified: bool = False) -> People:
    """From `ada@example.com` (a person) and `example.com` or `@example.com` (everybody of exactly that domain).

    Raises ValueError with the entry that is neither.
    """
    addresses, domains = set(), set()
    for entry in (e.strip().lower() for e in entries):
        if ADDRESS.fullmatch(entry):
            addresses.add(entry)
        elif DOMAIN.fullmatch(entry):
            domains.add(entry.removeprefix("@"))
        else:
            raise ValueError(f"{entry!r} is neither an e-mail address nor a domain such as example.com")
    return People(frozenset(addresses), frozenset(domains), unverified)
