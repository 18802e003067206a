"""A half of a configuration opens nothing: it is one sentence, and the lab does not start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import AppSettings
from app.sign_in import SignInError, configured, sign_in

from .conftest import AUTH, ORIGIN

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def authlib(monkeypatch):
    monkeypatch.setattr(configured, "is_authlib_installed", lambda: True)


def test_nobody_is_asked_where_nothing_is_configured(tmp_path):
    assert sign_in(AppSettings(data=tmp_path, auth=None, sign_in_allowed=[])) is None


def test_a_whole_one_is_what_streamlit_gets(settings):
    found = sign_in(settings())
    assert (found.origin, found.provider, found.https) == (ORIGIN, "accounts.example.net", True)
    assert found.section == AUTH
    assert "hush" not in repr(found)
    assert AUTH["cookie_secret"] not in repr(found)


@pytest.mark.parametrize("name", AUTH)
@pytest.mark.parametrize("value", [None, "", "  ", 5])
def test_each_missing_part_is_named(settings, name, value):
    with pytest.raises(SignInError, match=f"not complete; missing or empty: {name}"):
        sign_in(settings({name: value}))


@pytest.mark.parametrize(
    ("auth", "changes", "sentence"),
    [
        ({}, {"sign_in_allowed": []}, "ALLOWED is empty, so nobody may sign in"),
        ({}, {"sign_in_allowed": ["*"]}, "neither an e-mail address nor a domain"),
        ({"cookie_secret": "x" * 31}, {}, "fewer than 32 characters"),
        ({"google": {"client_id": "lab"}}, {}, "has google, which the lab does not take"),
        ({"expose_tokens": "id"}, {}, "has expose_tokens"),
        ({"redirect_uri": "https://lab.example.com/"}, {}, "/oauth2callback behind it"),
        ({"redirect_uri": "https://lab.example.com/lab/oauth2callback"}, {}, "/oauth2callback behind it"),
        ({"redirect_uri": "https://lab.example.com:{port}/oauth2callback"}, {}, "/oauth2callback behind it"),
        ({"redirect_uri": "http://lab.example.com/oauth2callback"}, {}, "https:// address"),
        ({"server_metadata_url": "http://accounts.example.net/"}, {}, "https:// address of the provider"),
        ({"server_metadata_url": "accounts.example.net"}, {}, "https:// address of the provider"),
        ({"redirect_uri": "https://other.example.com/oauth2callback"}, {}, "other.example.com, which CODEC_LAB_ALLOWED_HOSTS"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(settings, auth, changes, sentence):
    said(settings(auth, **changes), sentence)


@pytest.mark.parametrize(
    ("auth", "sentence"),
    [
        ({}, "missing or empty: redirect_uri, cookie_secret"),
        (None, "there is no .auth. by which they could sign in"),
        ("", "there is no .auth. by which they could sign in"),
        ("client_id=hush", "is not the JSON of a table"),
        ('"hush"', "must be a table"),
        (["hush"], "must be a table"),
    ],
)
def test_what_is_no_section_is_no_sign_in(tmp_path, auth, sentence):
    said(AppSettings(data=tmp_path, auth=auth, sign_in_allowed=["ada@example.com"]), sentence)


def said(settings, sentence):
    with pytest.raises(SignInError, match=sentence) as caught:
        sign_in(settings)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://LAB.example.com/oauth2callback", "https://lab.example.com"),
        ("https://lab.example.com:443/oauth2callback", "https://lab.example.com"),
        ("https://lab.example.com:8443/oauth2callback", "https://lab.example.com:8443"),
        ("https://ada@lab.example.com/oauth2callback", "https://lab.example.com"),
        ("http://localhost:8501/oauth2callback", "http://localhost:8501"),
        ("http://[::1]:8501/oauth2callback", "http://[::1]:8501"),
    ],
)
def test_the_origin_is_the_one_that_browsers_say(settings, written, origin):
    found = sign_in(settings({"redirect_uri": written}, allowed_hosts=["*"]))
    assert (found.origin, found.section["redirect_uri"]) == (origin, f"{origin}/oauth2callback")


def test_without_authlib_it_says_what_to_install(settings, monkeypatch):
    monkeypatch.setattr(configured, "is_authlib_installed", lambda: False)
    with pytest.raises(SignInError, match="Authlib"):
        sign_in(settings())


def test_the_section_comes_from_secrets_toml_or_from_the_environment(tmp_path, monkeypatch):
    from app import settings as module

    monkeypatch.setattr(module, "CONFIG_FOLDER", tmp_path)
    (tmp_path / "secrets.toml").write_text(
        'CODEC_LAB_SIGN_IN_ALLOWED = ["ada@example.com"]\n[auth]\nclient_id = "file"\n'
    )
    assert AppSettings().auth == {"client_id": "file"}
    assert AppSettings().sign_in_allowed == ["ada@example.com"]
    monkeypatch.setenv("CODEC_LAB_AUTH", json.dumps(AUTH))
    monkeypatch.setenv("CODEC_LAB_ALLOWED_HOSTS", '["lab.example.com"]')
    assert sign_in(AppSettings()).section == AUTH
    assert "hush" not in repr(AppSettings())


def test_the_lab_itself_ends_with_the_sentence_and_answers_nothing(tmp_path):
    variables = {
        "CODEC_LAB_AUTH": '{"client_id": "lab", "client_secret": "hush"}',
        "CODEC_LAB_DATA": str(tmp_path),
        "CODEC_LAB_APP_PORT": "0",
    }
    command = [sys.executable, "-m", "app"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "The lab does not start: [auth] for signing in is not complete; "
        "missing or empty: redirect_uri, cookie_secret, server_metadata_url."
    ]
    assert not (tmp_path / "app.db").exists()
