"""Who may come in: exactly the addresses and domains that were named, and only where the provider stands for them."""

import pytest

from app.sign_in.people import people


def refused(allowed, email, verified=True, **options):
    claims = {"email": email} | ({} if verified is None else {"email_verified": verified})
    return people(allowed, **options).refusal(claims)


@pytest.mark.parametrize("email", ["ada@example.com", "Ada@Example.COM"])
def test_a_named_person_and_a_named_domain_come_in(email):
    for allowed in (
        ["ada@example.com"],
        [" ADA@example.com "],
        ["example.com"],
        ["@Example.com"],
        ["x@y.z", "example.com"],
    ):
        assert refused(allowed, email) is None


@pytest.mark.parametrize(
    "email",
    [
        "eve@example.com.evil.net",
        "eve@sub.example.com",
        "eve@notexample.com",
        "eve@evil.net@example.com",
        "example.com",
        "@example.com",
        "eve@exam\u212ale.com",
        "eve@example.com\n",
        "eve@example.com, ada@example.com",
        "",
        None,
        ["ada@example.com"],
        {"ada@example.com": 1},
    ],
)
def test_what_only_looks_like_it_does_not(email):
    assert refused(["example.com"], email)


def test_the_kelvin_sign_is_no_k():
    assert "K".lower() == "k"
    assert refused(["kate@kelvin.org"], "\u212aate@kelvin.org")


def test_nobody_else_of_a_persons_domain_comes_in():
    assert "bob@example.com" in refused(["ada@example.com"], "bob@example.com")


@pytest.mark.parametrize("verified", [False, "false", 0, "yes", None])
def test_an_address_that_the_provider_does_not_stand_for_is_nobodys(verified):
    assert "verified" in refused(["ada@example.com"], "ada@example.com", verified)


def test_a_provider_that_says_nothing_of_it_can_be_trusted_but_never_one_that_says_no():
    assert refused(["ada@example.com"], "ada@example.com", None, unverified=True) is None
    assert refused(["ada@example.com"], "ada@example.com", False, unverified=True)
    assert refused(["ada@example.com"], "eve@example.com", None, unverified=True)


def test_cognito_says_it_as_a_word():
    assert refused(["ada@example.com"], "ada@example.com", "true") is None


@pytest.mark.parametrize(
    "entry", ["*", "", "com", "@", "*.example.com", "ada@", "https://example.com", "ada@*", "a b@example.com"]
)
def test_an_entry_that_means_nothing_is_quoted(entry):
    with pytest.raises(ValueError, match="neither an e-mail address nor a domain") as caught:
        people([entry])
    assert repr(entry.strip()) in str(caught.value)
