"""How Claude is reached: key, address, patience, prices. The lab makes one `Connection` from its settings."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2

from .models import PRICES, PriceTable

API_URL = "https://api.anthropic.com"
BEDROCK_URL = "https://bedrock-mantle.{region}.api.aws/anthropic"


@dataclass(frozen=True)
class Retry:
    """How often a turn is tried and how long it waits between: doubling from `first` seconds, a little at random."""

    attempts: int = 5
    first: float = 1.0
    longest: float = 30.0
    longest_asked: float = 120.0
    """A longer wait than this, asked for by the service, is told to the person instead."""

    def wait(self, attempt: int, asked: float | None = None) -> float | None:
        """Seconds before the attempt after this one, the first being 1; None: give up. `asked`: by the service."""
        if attempt >= self.attempts or (asked or 0) > self.longest_asked:
            return None
        if asked is not None:
            return asked
        return min(self.longest, self.first * 2 ** (attempt - 1)) * random.uniform(0.75, 1)


@dataclass(frozen=True)
class Bedrock:
    """Claude on Amazon Bedrock, by its endpoint of the Messages API (Mantle). Needs no key of Anthropic.

    Without `api_key` (a Bedrock API key) requests are signed with what AWS's usual chain finds when they are sent:
    environment, profile, or the role of the machine.
    """

    region: str
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None

    def model_id(self, model: str) -> str:
        """Bedrock's name of a model; an id that is not plainly Anthropic's own is sent as it is."""
        return f"anthropic.{model}" if model.startswith("claude-") else model

    def make_client(self, timeout: httpx2.Timeout) -> anthropic.AsyncAnthropicBedrockMantle:
        return anthropic.AsyncAnthropicBedrockMantle(
            aws_region=self.region,
            api_key=(self.api_key or "").strip() or None,
            base_url=self.base_url or BEDROCK_URL.format(region=self.region),
            max_retries=0,
            timeout=timeout,
        )


@dataclass(frozen=True)
class Connection:
    """How Claude is reached, and what it costs there: the lab makes one from its settings.

    With `bedrock`, `api_key` and `base_url` are not used.
    """

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    connect_seconds: float = 15
    silence_seconds: float = 180
    """The longest silence on the connection; the API sends pings while Claude thinks."""
    retry: Retry = field(default_factory=Retry)
    prices: PriceTable = field(default_factory=lambda: PRICES)
    bedrock: Bedrock | None = None

    @property
    def ready(self) -> bool:
        """There is a key, or a way that needs none."""
        return bool(self.bedrock or (self.api_key or "").strip())

    def model_id(self, model: str) -> str:
        """What the model is called where it is reached."""
        return self.bedrock.model_id(model) if self.bedrock else model

    def make_client(self) -> Any:
        timeout = httpx2.Timeout(self.silence_seconds, connect=self.connect_seconds)
        if self.bedrock:
            return self.bedrock.make_client(timeout)
        # Both are always given, so that the SDK looks for neither in the environment.
        return anthropic.AsyncAnthropic(
            api_key=(self.api_key or "").strip(), base_url=self.base_url or API_URL, max_retries=0, timeout=timeout
        )
