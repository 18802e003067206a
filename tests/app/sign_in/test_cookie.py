"""The cookie: whole, signed by this lab, for this address, not old. Everything else is nobody."""

import itertools
import json
import secrets

import pytest
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.sign_in.cookie import claims_of, is_split

from .conftest import ADA, ORIGIN, SECRET, payload, signed, signed_before


def read(value, **options):
    return claims_of({USER_COOKIE_NAME: value}, SECRET, ORIGIN, **options)


def test_what_streamlit_signed_is_read():
    assert read(signed(payload(ADA)))["email"] == "ada@example.com"
    assert read(signed_before(23 * 3600, payload(ADA)))["email"] == "ada@example.com"


def test_no_cookie_is_nobody():
    assert claims_of({}, SECRET, ORIGIN) is None
    assert read("") is None


@pytest.mark.parametrize(
    "value",
    [
        payload(ADA),
        "eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSJ9",
        signed(payload(ADA), secret="another secret of more than 32 characters"),
        signed(payload(ADA), secret=""),
        signed(payload(ADA), name="_streamlit_user_tokens"),
        signed(payload(ADA))[:-1],
        signed(payload(ADA)) + "A",
        "A" + signed(payload(ADA)),
        signed_before(24 * 3600 + 60, payload(ADA)),
        signed_before(-3600, payload(ADA)),
        signed(payload(ADA, origin="https://other.example.com")),
        signed(payload(ADA, origin="http://lab.example.com")),
        signed(json.dumps(ADA | {"origin": ORIGIN})),
        signed(json.dumps(ADA | {"origin": ORIGIN, "is_logged_in": "true"})),
        signed("[]"),
        signed("null"),
        signed("{"),
        "\u00ff\u2028.x.y",
    ],
    ids=itertools.count(),  # a signature is of its second, and tests have one name for all who collect them
)
def test_forged_edited_old_and_foreign_ones_are_nobody(value):
    assert read(value) is None


def test_a_payload_swapped_under_the_signature_is_nobody():
    body, stamp, signature = signed(payload(ADA | {"email": "eve@evil.example"})).rsplit(".", 2)
    other = signed(payload(ADA)).rsplit(".", 2)[0]
    assert other != body
    assert read(f"{other}.{stamp}.{signature}") is None


def split(claims):
    """The cookies that Streamlit sets for claims that are too long for one."""
    jar = {}
    set_cookie_with_chunks(
        lambda name, value: jar.__setitem__(name, create_signed_value(SECRET, name, value).decode()),
        lambda name, value: create_signed_value(SECRET, name, value),
        USER_COOKIE_NAME,
        claims | {"origin": ORIGIN, "is_logged_in": True},
        cookie_attr_size=60,
    )
    return jar


def parts(jar):
    return [decode_signed_value(SECRET, name, value).decode() for name, value in sorted(jar.items())[1:]]


def test_parts_of_two_cookies_put_together_are_nobody():
    """Each part is signed, but nothing says that they belong together: Eve, who names herself, signs in twice and has
    parts that say she is Ada. Streamlit itself would take them."""
    verified = {"email_verified": True}
    pad = lambda length: secrets.token_urlsafe(length)[:length]  # what would not be compressed into one cookie
    size = len(parts(split({"name": pad(8000)}))[0])
    head = '{"email_verified": true, "given_name": "'
    before = pad(size - len(head) - len('", "email": "'))
    first = split(verified | {"given_name": before, "email": "eve@evil.example", "name": pad(2500)})
    middle = len('", "email": "eve@evil.example", "name": "')
    short = pad(size - len(head) - middle)
    names = {"given_name": short, "email": "eve@evil.example", "name": "ada@example.com", "nickname": pad(2500)}
    second = split(verified | names)
    mixed = first | {f"{USER_COOKIE_NAME}_2": second[f"{USER_COOKIE_NAME}_2"]}
    fooled = json.loads("".join(parts(mixed)))
    assert (fooled["email"], fooled["email_verified"], fooled["is_logged_in"]) == ("ada@example.com", True, True)
    for jar in (first, second, mixed):
        assert claims_of(jar, SECRET, ORIGIN) is None
        assert is_split(jar, SECRET)
    assert not is_split({USER_COOKIE_NAME: signed(payload(ADA))}, SECRET)
    assert not is_split({}, SECRET)
