"""The lab's configuration: the only place of the app that reads the environment (prefix CODEC_LAB_).

`streamlit_config/secrets.toml` holds the same names for those who keep keys in a file; the environment goes first.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gpu_agent.store.settings import StoreSettings

CONFIG_FOLDER = Path(__file__).resolve().parents[1] / "streamlit_config"
PREFIX = "CODEC_LAB_"


class AppSettings(StoreSettings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", populate_by_name=True)

    app_host: str = Field("127.0.0.1", description="address the lab listens on")
    app_port: int = Field(8501, ge=0, le=65535, description="port of the lab; 0 picks a free one")
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1"],
        description='host names browsers may use, as JSON; others are refused (DNS rebinding). ["*"] allows all',
    )
    auth: Any = Field(
        None,
        repr=False,
        description="[auth] of secrets.toml, or the same as JSON: the provider that people sign in with; off without",
    )
    sign_in_allowed: list[str] = Field(
        [], description="e-mail addresses and domains of those who may sign in, as JSON; needed with [auth]"
    )
    sign_in_unverified: bool = Field(
        False, description="take addresses of which the provider does not say whether they are verified"
    )
    agent_url: str = Field("http://127.0.0.1:8787", description="where the agent answers")
    worker_instance: str = Field(
        "", description="EC2 instance that the agent runs on, which the lab shows, starts and stops; on AWS alone"
    )
    token: SecretStr | None = Field(
        None, description="the agent's bearer token; else the token file in the data folder"
    )
    anthropic_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("CODEC_LAB_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY"),
        description="key for Claude (also as ANTHROPIC_API_KEY); all but the chat works without",
    )
    anthropic_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("CODEC_LAB_ANTHROPIC_BASE_URL", "ANTHROPIC_BASE_URL"),
        description="another address of the Messages API (also as ANTHROPIC_BASE_URL)",
    )
    claude_via: Literal["anthropic", "bedrock"] = Field(
        "anthropic", description="where Claude is reached: Anthropic's own API, or Amazon Bedrock, which needs no key"
    )
    bedrock_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("CODEC_LAB_BEDROCK_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"),
        description="a Bedrock API key; without one requests are signed with AWS's usual credentials",
    )
    bedrock_region: str | None = Field(None, description="region of Bedrock; aws_region unless given")
    bedrock_url: str | None = Field(None, description="another address of Bedrock's Messages API")
    claude_model: str = Field("claude-opus-5-5", description="model that the chat starts with")
    claude_effort: Literal["low", "medium", "high", "xhigh", "max"] = Field("high", description="effort of a reply")
    prices: dict[str, dict[str, float]] | None = Field(
        None, description="dollars per million tokens by model, as JSON, in place of the built-in ones"
    )

    @property
    def artifacts(self) -> Path:
        """Where an agent on the same machine keeps its artifacts."""
        return self.root / "artifacts"

    def bearer_token(self) -> str | None:
        """The agent's token, read when it is needed: the agent makes the file at its first start, maybe after the lab."""
        if self.token is not None:
            return self.token.get_secret_value()
        try:
            return (self.root / "token").read_text().strip() or None
        except OSError:
            return None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretsFile(settings_cls, CONFIG_FOLDER / "secrets.toml")


class SecretsFile(PydanticBaseSettingsSource):
    """Settings of a TOML file. Names in any case, with or without the prefix; raises ValueError if it does not parse."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        try:
            found = tomllib.loads(path.read_text())
        except FileNotFoundError:
            found = {}
        except (OSError, ValueError) as error:
            # The parser's message names line and column and quotes nothing, so no key can leak into a log.
            raise ValueError(f"{path} cannot be read: {error}") from None
        self.values = {name.lower().removeprefix(PREFIX.lower()): value for name, value in found.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return {self._key(name): self.values[name] for name in self.settings_cls.model_fields if name in self.values}

    def _key(self, name: str) -> str:
        """The key under which the environment's source reports the field, so that the two do not both stand."""
        alias = self.settings_cls.model_fields[name].validation_alias
        return str(alias.choices[0]) if isinstance(alias, AliasChoices) else name
