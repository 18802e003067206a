"""Blind tests over both homes."""

from __future__ import annotations

import pytest

from app.blind import BlindTests
from gpu_agent.store.open import open_blind
from tests.gpu_agent.store.conftest import settings  # noqa: F401
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401


@pytest.fixture
def tests(settings):  # noqa: F811
    return BlindTests(open_blind(settings))
