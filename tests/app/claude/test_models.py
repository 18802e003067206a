from decimal import Decimal

import pytest

from app.claude.models import DEFAULT_MODEL, MODELS, PRICES, Usage, bill, cost, label, price_table

USAGE = Usage(input=1_000, cache_write=2_000, cache_write_1h=3_000, cache_read=100_000, output=5_000, thinking=4_000)


def test_every_kind_of_token_has_its_price():
    table = price_table('{"m": {"input": 3, "output": 15, "cache_write": 4, "cache_write_1h": 6, "cache_read": 0.3}}')
    dollars = (1_000 * 3 + 2_000 * 4 + 3_000 * 6 + 100_000 * Decimal("0.3") + 5_000 * 15) / 1_000_000
    assert cost(USAGE, "m", table) == dollars == Decimal("0.134")


def test_cache_prices_follow_the_input_unless_told():
    price = price_table({"m": {"input": 2, "output": 10}})["m"]
    assert (price.cache_write, price.cache_write_1h, price.cache_read) == (Decimal("2.5"), 4, Decimal("0.2"))


def test_an_unknown_model_costs_unknown_not_nothing():
    assert cost(USAGE, "claude-next") is None
    assert "cost unknown" in bill(USAGE, None)
    assert label("claude-next") == "claude-next"


def test_every_offered_model_has_a_label_and_a_price():
    assert DEFAULT_MODEL in {model.id for model in MODELS}
    assert all(label(model.id) != model.id and model.id in PRICES for model in MODELS)


def test_own_prices_replace_one_model_and_keep_the_others():
    table = price_table('{"claude-opus-5-5": {"input": 1, "output": 1}}')
    assert cost(Usage(output=1_000_000), "claude-opus-5-5", table) == 1
    assert table["claude-sonnet-5-5"] == PRICES["claude-sonnet-5-5"]
    assert price_table(None) == price_table("") == PRICES


@pytest.mark.parametrize(
    "text",
    [
        *("{", "3", "[1]", '{"m": 3}', '{"m": {"input": 1}}', '{"m": {"input": "x", "output": 1}}'),
        *('{"m": {"input": 1, "output": -1}}', '{"m": {"input": 1, "output": 1, "extra": 1}}'),
        '{"m": {"input": NaN, "output": 1}}',
    ],
)
def test_a_bad_table_is_a_sentence(text):
    with pytest.raises(ValueError, match="price table"):
        price_table(text)


def test_the_apis_usage_is_split_by_kind_and_may_lack_fields():
    api = {"input_tokens": 7, "cache_creation_input_tokens": 10, "cache_read_input_tokens": None, "output_tokens": 3}
    api |= {"cache_creation": {"ephemeral_1h_input_tokens": 4, "ephemeral_5m_input_tokens": 6}}
    api |= {"output_tokens_details": {"thinking_tokens": 2}}
    assert Usage.from_api(api) == Usage(7, 6, 4, 0, 3, 2)
    assert Usage.from_api({}) == Usage()
    assert Usage.from_api(api) + Usage(input=1) == Usage(8, 6, 4, 0, 3, 2)


def test_a_bill_in_words():
    words = bill(Usage(input=10, cache_read=1_000, output=20), Decimal("0.01234"), final=False)
    assert words == "1,010 tokens in (1,000 from the cache), 20 out, at least $0.0123"
