"""The agent's configuration: the only place of the agent that reads the environment (prefix CODEC_LAB_)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .store.settings import StoreSettings


class AgentSettings(StoreSettings, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CODEC_LAB_", extra="ignore")

    agent_host: str = Field("127.0.0.1", description="address the agent listens on")
    agent_port: int = Field(8787, ge=0, le=65535, description="port of the agent; 0 picks a free one")
    token: str | None = Field(None, description="bearer token; made and kept in the data folder unless given")
    agent_name: str = Field("local", description="name of this agent in leases and records")
    disk_floor_gb: float = Field(1, ge=0, description="free space below which no run starts and no upload is taken")
    upload_max_gb: float = Field(8, gt=0, description="largest clip that may be uploaded")
    lease_seconds: float = Field(20, gt=0, description="a run whose agent is silent this long is found again")
    max_attempts: int = Field(
        2, ge=1, description="how often a run lost with its agent is started before it is failed as lost"
    )
    max_queue: int = Field(5000, ge=1, description="experiments waiting; more are refused")
    require_sandbox: Literal["watchdog", "full"] = Field(
        "watchdog", description="weakest level of the jail that runs are allowed in"
    )
    unsafe: Literal["off", "built_in"] = Field(
        "off",
        description="for development where no jail can run: `built_in` runs the lab's own codecs without one; no uploads",
    )
    gpu: Literal["auto", "off"] = Field("auto", description="let codecs use the GPU where there is one")
    vmaf: Literal["on", "with_v1", "off"] = Field(
        "on", description="VMAF and VMAF-NEG of every point; with the newer v1 model beside them; or neither"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("unsafe")
    @classmethod
    def _unsafe_stays_here(cls, value: str, info: ValidationInfo) -> str:
        if value != "off" and info.data.get("agent_host") not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("unsafe mode is for this machine alone; set CODEC_LAB_AGENT_HOST to 127.0.0.1")
        if value != "off" and info.data.get("require_sandbox") == "full":
            raise ValueError("CODEC_LAB_REQUIRE_SANDBOX asks for a full jail; unsafe mode has none")
        return value

    @property
    def database(self) -> Path:
        return self.root / "lab.db"

    @property
    def artifacts(self) -> Path:
        """Kept: bitstreams, decoder code, per-frame series; never dropped by themselves."""
        return self.root / "artifacts"

    @property
    def clips(self) -> Path:
        """Uploaded files and the catalogue's facts about every clip."""
        return self.root / "clips"

    @property
    def cache(self) -> Path:
        """Raw planes and previews: made again when needed, dropped first when space is short."""
        return self.root / "cache"

    @property
    def token_file(self) -> Path:
        return self.root / "token"


def settings_sentence(error: ValidationError) -> str:
    """What is wrong with the environment, a line each. The values are not shown: one of them is a secret."""
    problems = error.errors(include_url=False, include_input=False)
    return "\n".join(f"CODEC_LAB_{'_'.join(map(str, p['loc'])).upper()}: {p['msg']}." for p in problems)
