"""What a request may cost at most, before it is sent; exact decimals throughout."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from app.claude.models import Price

from .models import MIN_TOKENS

MILLION = Decimal(1_000_000)
OVERHEAD = 200
"""Tokens that the API adds around the messages."""


PICTURE = 5_000
"""Tokens of one picture at most, on the models that see most of it."""


def most_input_tokens(texts: Iterable[str], pictures: int = 0) -> int:
    """An upper bound: no token is shorter than a byte. Prose takes four a token, but tables of numbers hardly two."""
    return sum(len(text.encode("utf-8", "replace")) for text in texts) + OVERHEAD + PICTURE * pictures


def worst_case(price: Price, input_tokens: int, max_tokens: int) -> Decimal:
    """All input written into the cache, and a reply as long as it may be."""
    dearest = max(price.input, price.cache_write)
    return (input_tokens * dearest + max_tokens * price.output) / MILLION


def affordable(price: Price, input_tokens: int, max_tokens: int, left: Decimal) -> int | None:
    """The longest reply that cannot pass what is left, at most `max_tokens`; None where it would be too short to be of use."""
    if price.output == 0:
        return max_tokens if worst_case(price, input_tokens, max_tokens) <= left else None
    room = (left - worst_case(price, input_tokens, 0)) * MILLION // price.output
    tokens = min(max_tokens, int(room))
    return tokens if tokens >= MIN_TOKENS else None
