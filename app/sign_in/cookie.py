"""Whom Streamlit's signed cookie names. Its signature, its age and where it was made are checked at every request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

DAYS = 1.0
"""How long one signing in lasts. Streamlit's own bound is a month, and a copied cookie would be good for as long."""

Claims = Mapping[str, Any]


def claims_of(cookies: Mapping[str, str], secret: str, origin: str, days: float = DAYS) -> Claims | None:
    """What the provider said of the person; None without a cookie that this lab signed within `days`.

    Streamlit splits a long cookie into parts that are signed one by one. Parts of two cookies could be put together to
    say what the provider never said, so only a whole one counts.
    """
    value = cookies.get(USER_COOKIE_NAME)
    signed = decode_signed_value(secret, USER_COOKIE_NAME, value, days) if value else None
    if signed is None:
        return None
    try:
        claims = json.loads(signed)
    except ValueError:
        return None
    good = isinstance(claims, dict) and claims.get("is_logged_in") is True and claims.get("origin") == origin
    return claims if good else None


def is_split(cookies: Mapping[str, str], secret: str) -> bool:
    """Whether it is one that Streamlit had to split, so that the person can be told why it does not count."""
    signed = decode_signed_value(secret, USER_COOKIE_NAME, cookies.get(USER_COOKIE_NAME) or "", DAYS)
    return signed is not None and signed.startswith(b"chunks-")
