"""A configuration that is whole, and cookies as Streamlit signs them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.timed import TimestampSigner
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.settings import AppSettings

SECRET = "a secret of more than thirty-two characters"
ORIGIN = "https://lab.example.com"
AUTH = {
    "redirect_uri": f"{ORIGIN}/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "lab",
    "client_secret": "hush",
    "server_metadata_url": "https://accounts.example.net/.well-known/openid-configuration",
}
ADA = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}


@pytest.fixture
def settings(tmp_path):
    """Settings for signing in, with changes; a value of None in `auth` takes the name out."""

    def made(auth: dict[str, Any] | None = None, **changes: Any) -> AppSettings:
        section = {k: v for k, v in (AUTH | (auth or {})).items() if v is not None}
        known = {"auth": section, "sign_in_allowed": ["ada@example.com"], "allowed_hosts": ["lab.example.com"]}
        return AppSettings(**({"data": tmp_path} | known | changes))

    return made


def payload(claims: dict[str, Any], origin: str = ORIGIN) -> str:
    return json.dumps(claims | {"origin": origin, "is_logged_in": True, "provider": "default"})


def signed(value: str, name: str = USER_COOKIE_NAME, secret: str = SECRET) -> str:
    """As Streamlit's callback signs a value for a cookie."""
    return create_signed_value(secret, name, value).decode()


def signed_before(seconds: float, value: str) -> str:
    """The same, made so long ago."""

    class Then(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - seconds)

    return URLSafeTimedSerializer(SECRET, salt=USER_COOKIE_NAME, signer=Then).dumps(value)
