"""How Claude is reached, from the settings: one way for the pages and for the autopilot."""

from __future__ import annotations

from app.claude.connection import Bedrock, Connection
from app.claude.models import price_table
from app.settings import AppSettings


def connection(settings: AppSettings) -> Connection:
    if settings.claude_via == "bedrock":
        key = settings.bedrock_api_key
        region = settings.bedrock_region or settings.aws_region
        bedrock = Bedrock(region, key.get_secret_value() if key else None, settings.bedrock_url)
        return Connection(bedrock=bedrock, prices=price_table(settings.prices, builtin={}))
    key = settings.anthropic_api_key
    return Connection(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.anthropic_base_url,
        prices=price_table(settings.prices),
    )
