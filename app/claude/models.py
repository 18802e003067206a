"""Which models the lab offers and what their tokens cost: the one place that knows either.

Prices are US dollars per million tokens, as published for the Claude API in October 2026
(https://platform.claude.com/docs/en/about-claude/pricing). They are a table, not a measurement: when they change, or on
a platform with other prices, give the new ones as JSON to `price_table` (the lab does so from its settings).
A model that the table lacks can be used all the same; its cost is None, which means unknown, never zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

EFFORTS: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
DEFAULT_EFFORT = "high"
DEFAULT_MODEL = "claude-opus-5-5"


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens of each kind. `cache_write`: kept 5 minutes; `cache_write_1h`: kept an hour."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal

    @classmethod
    def of(cls, input: str, output: str, **cache: str) -> Price:
        """A price from its figures; caching costs the usual multiples of the input unless told: 1.25, 2 and 0.1."""
        base = Decimal(input)
        usual = {"cache_write": base * Decimal("1.25"), "cache_write_1h": base * 2, "cache_read": base / 10}
        return cls(base, Decimal(output), **usual | {name: Decimal(value) for name, value in cache.items()})


@dataclass(frozen=True)
class Model:
    id: str
    label: str
    price: Price | None = None


MODELS: tuple[Model, ...] = (
    Model("claude-opus-5-5", "Opus 5.5 · deepest", Price.of("4", "20", cache_read="0.20")),
    Model("claude-sonnet-5-5", "Sonnet 5.5 · quicker, cheaper", Price.of("2", "10")),
)

PriceTable = Mapping[str, Price]
PRICES: PriceTable = {model.id: model.price for model in MODELS if model.price}


@dataclass(frozen=True)
class Usage:
    """Tokens of a turn, as billed. `output` includes `thinking`; the four input kinds exclude each other."""

    input: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    thinking: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)))

    @property
    def input_total(self) -> int:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read

    @classmethod
    def from_api(cls, usage: Mapping[str, Any]) -> Usage:
        """From the API's usage object as a dictionary; anything that it leaves out counts as none."""
        written = usage.get("cache_creation_input_tokens") or 0
        an_hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
        return cls(
            input=usage.get("input_tokens") or 0,
            cache_write=written - an_hour,
            cache_write_1h=an_hour,
            cache_read=usage.get("cache_read_input_tokens") or 0,
            output=usage.get("output_tokens") or 0,
            thinking=(usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
        )


def cost(usage: Usage, model: str, prices: PriceTable = PRICES) -> Decimal | None:
    """US dollars of a turn, exact; None where the model's price is unknown."""
    price = prices.get(model)
    if price is None:
        return None
    kinds = ("input", "cache_write", "cache_write_1h", "cache_read", "output")
    return sum((getattr(usage, k) * getattr(price, k) for k in kinds), Decimal(0)) / 1_000_000


def bill(usage: Usage, dollars: Decimal | None, final: bool = True) -> str:
    """A turn's tokens and dollars in words, cache reads counted; "at least" where the end of the stream was not seen."""
    cached = f" ({usage.cache_read:,} from the cache)" if usage.cache_read else ""
    money = "cost unknown" if dollars is None else f"{'' if final else 'at least '}${dollars:.4f}"
    return f"{usage.input_total:,} tokens in{cached}, {usage.output:,} out, {money}"


def label(model: str) -> str:
    """How a model is shown: its label, or its id where the lab does not know it."""
    return next((m.label for m in MODELS if m.id == model), model)


def price_table(
    overrides: str | Mapping[str, Mapping[str, Any]] | None = None, builtin: PriceTable = PRICES
) -> PriceTable:
    """The built-in prices with `overrides` (JSON text or a mapping) on top, whole models at a time.

    Where Claude is reached on another platform, whose prices nobody here knows, `builtin` is empty.

    `{"claude-opus-5-5": {"input": 4, "output": 20, "cache_read": 0.2}}`: the cache figures may be left out.
    ValueError with a sentence for anything else.
    """
    if not overrides:
        return builtin
    example = 'such as {"claude-opus-5-5": {"input": 4, "output": 20}}, in dollars per million tokens'
    try:
        table = json.loads(overrides) if isinstance(overrides, str) else overrides
        own = {id: Price.of(**{name: str(value) for name, value in price.items()}) for id, price in table.items()}
    except (json.JSONDecodeError, AttributeError, TypeError, InvalidOperation) as e:
        raise ValueError(f"The price table must be JSON {example}: {e or type(e).__name__}.") from e
    good = lambda price: all(value.is_finite() and value >= 0 for value in vars(price).values())
    bad = [id for id, price in own.items() if not good(price)]
    if bad:
        raise ValueError(f"The price table has a price for {bad[0]} that is no amount; write it {example}.")
    return {**builtin, **own}
