"""Each rule of the budget, and money: exact, with the worst case of everything that is not known."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.autopilot.budget import Budget, Dollars, Experiments, Hours, Plateau, budget_of, standing_of
from app.autopilot.models import MIN_TOKENS, BudgetSettings
from app.autopilot.money import affordable, most_input_tokens, worst_case
from app.claude.models import PRICES, Price

from .made import asked, attempt

PRICE = PRICES["claude-opus-5-5"]
NOTHING = standing_of([], 0.0)


def test_a_run_must_end_somewhere():
    with pytest.raises(ValueError, match="so that the run ends"):
        BudgetSettings(plateau=3)


def test_each_rule_ends_the_run_exactly_at_its_bound_and_says_which():
    cases = [
        (Dollars(Decimal("1.00")), {"spent": Decimal("0.99")}, {"spent": Decimal("1.00")}, "$1.00"),
        (Experiments(5), {"experiments": 4}, {"experiments": 5}, "5 experiments"),
        (Experiments(5, kept=1), {"experiments": 3}, {"experiments": 4}, "kept for the validation"),
        (Hours(0.5), {"seconds": 1799.9}, {"seconds": 1800.0}, "0.5 hours"),
        (Plateau(3), {"since_best": 2}, {"since_best": 3}, "the last 3 attempts"),
    ]
    for rule, before, after, words in cases:
        assert rule.reached(NOTHING._replace(**before)) is None
        assert words in rule.reached(NOTHING._replace(**after))
        assert Budget([Hours(99), rule]).reached(NOTHING._replace(**after)) == rule.reached(NOTHING._replace(**after))


def test_replies_that_bring_nothing_to_run_end_it_whatever_the_budget():
    ran, rejected = attempt(1, experiments={"probe": "x"}), attempt(2, verdict="rejected")
    empty = [attempt(n, verdict="broken_reply") for n in range(3, 15)]
    bound = budget_of(BudgetSettings(experiments=99))
    assert "nothing that could be run" in bound.reached(standing_of([ran, *empty], 0.0))
    assert bound.reached(standing_of([ran, *empty[1:]], 0.0)) is None
    assert bound.reached(standing_of([*empty, rejected], 0.0)) is None


def test_only_what_is_set_bounds_a_run():
    assert budget_of(BudgetSettings(hours=1)).reached(NOTHING._replace(spent=Decimal(10**6), experiments=10**6)) is None


def test_the_bill_is_the_known_part_and_the_most_that_the_unknown_can_come_to():
    attempts = [
        asked(1, "0.0012345"),
        asked(2, None, "lost", reserved=Decimal("0.50"), at_most=Decimal("0.50")),
        asked(3, "0.01", "open", reserved=Decimal("0.30"), at_most=Decimal("0.30")),
        asked(4, None, "begun", reserved=Decimal("0.20"), at_most=Decimal("0.20")),
    ]
    standing = standing_of(attempts, 0.0)
    assert standing.spent == Decimal("0.0112345")
    assert standing.open == Decimal("0.50") + Decimal("0.29") + Decimal("0.20")
    assert Dollars(Decimal("1.0012345")).reached(standing)
    assert Dollars(Decimal("1.0012346")).reached(standing) is None


def test_a_request_without_a_price_is_counted_as_unpriced_and_never_as_free():
    assert standing_of([asked(1, None), attempt(2)], 0.0).unpriced == 1


def test_the_plateau_counts_attempts_since_the_champion_and_not_starting_codecs():
    attempts = [attempt(1, 5.0, kind="start"), attempt(2, 1.0, crowned=True), attempt(3), attempt(4, 2.0)]
    assert standing_of(attempts, 0.0).since_best == 2
    assert standing_of(attempts[:1], 0.0).since_best == 0
    attempts[1].barred = "The audit came later."
    assert standing_of(attempts, 0.0).since_best == 3


@given(
    some.integers(0, 10**6),
    some.decimals("0", "100", places=4),
    some.decimals("0.01", "50", places=2),
    some.decimals("0.01", "50", places=2),
)
def test_the_longest_reply_that_is_allowed_cannot_pass_what_is_left(tokens_in, left, price_in, price_out):
    price = Price.of(str(price_in), str(price_out))
    longest = affordable(price, tokens_in, 64_000, left)
    if longest is None:
        assert worst_case(price, tokens_in, MIN_TOKENS) > left
    else:
        assert MIN_TOKENS <= longest <= 64_000
        assert worst_case(price, tokens_in, longest) <= left
        assert longest == 64_000 or worst_case(price, tokens_in, longest + 1) > left


def test_the_worst_case_is_a_cold_cache_and_the_longest_reply():
    assert worst_case(PRICE, 1_000_000, 0) == PRICE.cache_write
    assert worst_case(PRICE, 0, 1_000_000) == PRICE.output
    assert most_input_tokens(["é" * 100], pictures=1) > most_input_tokens(["e" * 100]) + 4000
