"""Settings: where values come from and which goes first, and that secrets stay out of what is printed."""

import pytest

from app import settings
from app.settings import AppSettings

PLAIN = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """No variable of the shell and no secrets.toml of the checkout; the folder where one may be put."""
    import os

    for name in list(os.environ):
        if name.startswith("CODEC_LAB_") or name in PLAIN:
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings, "CONFIG_FOLDER", tmp_path)
    return tmp_path


def key(found):
    return found.anthropic_api_key and found.anthropic_api_key.get_secret_value()


def test_defaults_need_no_configuration():
    found = AppSettings()
    assert (found.app_host, found.app_port, found.agent_url) == ("127.0.0.1", 8501, "http://127.0.0.1:8787")
    assert (found.claude_model, found.claude_effort) == ("claude-opus-5-5", "high")
    assert key(found) is None
    assert found.prices is None


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "CODEC_LAB_ANTHROPIC_API_KEY"])
@pytest.mark.parametrize("in_file", ["ANTHROPIC_API_KEY", "anthropic_api_key", "CODEC_LAB_ANTHROPIC_API_KEY"])
def test_the_file_holds_the_key_and_the_environment_goes_first(folder, monkeypatch, name, in_file):
    (folder / "secrets.toml").write_text(f'{in_file} = "of the file"\nCODEC_LAB_AGENT_URL = "http://gpu:1"\n')
    assert key(AppSettings()) == "of the file"
    assert AppSettings().agent_url == "http://gpu:1"
    monkeypatch.setenv(name, "of the environment")
    monkeypatch.setenv("CODEC_LAB_AGENT_URL", "http://other:2")
    assert key(AppSettings()) == "of the environment"
    assert AppSettings().agent_url == "http://other:2"


def test_the_labs_own_name_for_the_key_goes_before_the_common_one(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "common")
    monkeypatch.setenv("CODEC_LAB_ANTHROPIC_API_KEY", "own")
    assert key(AppSettings()) == "own"


def test_secrets_are_not_printed(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-hush")
    monkeypatch.setenv("CODEC_LAB_TOKEN", "t-hush")
    found = AppSettings()
    assert "hush" not in f"{found!r} {found} {found.model_dump()}"
    assert found.bearer_token() == "t-hush"


def test_a_secrets_file_that_does_not_parse_is_named_and_not_quoted(folder):
    (folder / "secrets.toml").write_text("ANTHROPIC_API_KEY = sk-hush\n")
    with pytest.raises(ValueError, match=r"secrets\.toml cannot be read") as caught:
        AppSettings()
    assert "hush" not in str(caught.value)


def test_the_token_is_read_when_the_agent_has_made_it(tmp_path):
    found = AppSettings(data=tmp_path)
    assert found.bearer_token() is None
    (tmp_path / "token").write_text("made\n")
    assert found.bearer_token() == "made"


def test_prices_come_as_json(monkeypatch):
    monkeypatch.setenv("CODEC_LAB_PRICES", '{"claude-opus-5-5": {"input": 5, "output": 25}}')
    assert AppSettings().prices == {"claude-opus-5-5": {"input": 5.0, "output": 25.0}}
