"""Blind tests over both homes."""

from __future__ import annotations

import pytest

from app.blind import BlindTests
from gpu_agent.store.open import open_blind
from gpu_agent.store.settings import StoreSettings
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401


@pytest.fixture(params=["local", "aws"])
def settings(request, tmp_path):
    if request.param == "aws":
        return request.getfixturevalue("aws_settings")
    return StoreSettings(data=tmp_path / "data")


@pytest.fixture
def tests(settings):
    return BlindTests(open_blind(settings))
