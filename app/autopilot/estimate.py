"""What a run may cost, said before it starts: from the prompt's length, an assumed reply and the price table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from app.claude.models import PriceTable, label
from app.claude.prompt import system_prompt
from app.results.format import number

from .models import RunSettings
from .money import MILLION, most_input_tokens, worst_case

ASSUMED_REPLY = 12_000
"""Tokens of a reply, thinking included, where no reply of this model is in the ledger yet."""
ENOUGH = 3
"""Replies in the ledger from which on their mean is the better guess."""
EVIDENCE = 6_000
"""Characters of the measurements of one parent, about."""
PICTURES, PICTURE = 4, 500
"""Pictures of a parent's worst blocks, and tokens of each, about."""
CHARACTERS = 3.4
"""Of a token in prose and code mixed, about."""


class Estimate(NamedTuple):
    """`attempt`: dollars of one, about; None where the price is unknown. `most`: what one request can cost at most."""

    attempt: Decimal | None
    most: Decimal | None
    attempts: int | None
    sentence: str
    refusal: str | None = None


def estimate(settings: RunSettings, prices: PriceTable, past: Sequence[int]) -> Estimate:
    """`past`: output tokens of earlier replies of this model, from the ledger."""
    system = tokens(len(system_prompt()))
    parent = max((len(s.code) for s in settings.starts), default=0)
    question = tokens(len(settings.goal) + parent + (EVIDENCE if parent else 0))
    question += PICTURES * PICTURE if parent and settings.pictures else 0
    reply, basis = assumed(past)
    price = prices.get(settings.model)
    length = f"about {number(system + question)} tokens in and {number(reply)} out an attempt ({basis})"
    if price is None:
        refusal = None
        if settings.budget.dollars is not None:
            refusal = (
                f"The price of {settings.model} is unknown, so a budget in dollars cannot be kept: give its price in "
                "CODEC_LAB_PRICES, or bound the run by experiments or hours instead."
            )
        return Estimate(None, None, None, f"Cost unknown: the lab has no price of {settings.model}; {length}.", refusal)
    attempt = (system * price.cache_read + question * price.cache_write + reply * price.output) / MILLION
    most = worst_case(
        price,
        most_input_tokens([system_prompt(), settings.goal, *(s.code for s in settings.starts[:1])]),
        settings.max_tokens,
    )
    sentence = f"{label(settings.model).split(' · ')[0]}: about ${attempt:.2f} an attempt; {length}."
    budget = settings.budget.dollars
    if budget is None:
        return Estimate(attempt, most, None, f"{sentence} No bound in dollars is set.")
    count = int(budget / attempt) if attempt else None
    enough = f"${budget:f} is enough for about {number(count)} attempts" if count is not None else "It costs nothing"
    capped = ", replies are kept shorter where the budget asks for it" if most > budget else ""
    return Estimate(
        attempt, most, count, f"{sentence} {enough}; one request can cost ${min(most, budget):.2f} at most{capped}."
    )


def assumed(past: Sequence[int]) -> tuple[int, str]:
    if len(past) >= ENOUGH:
        return round(sum(past) / len(past)), f"the mean of {len(past)} earlier replies"
    return ASSUMED_REPLY, "assumed: too few earlier replies to go by"


def tokens(characters: int) -> int:
    return round(characters / CHARACTERS)
