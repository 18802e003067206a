"""How Claude is reached, from the settings: one way for the pages and for the autopilot."""

from __future__ import annotations

from app.claude.connection import Connection
from app.claude.models import price_table
from app.settings import AppSettings


def connection(settings: AppSettings) -> Connection:
    key = settings.anthropic_api_key
    return Connection(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.anthropic_base_url,
        prices=price_table(settings.prices),
    )
