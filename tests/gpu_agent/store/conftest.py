"""Both homes of experiments and of artifacts, so that one suite holds them to the same behaviour."""

from __future__ import annotations

import itertools

import pytest

from gpu_agent.store.open import open_artifacts, open_experiments
from gpu_agent.store.settings import StoreSettings
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401


@pytest.fixture(params=["local", "aws"])
def settings(request, tmp_path):
    """The settings of one home: a test that takes this, or a fixture over it, runs on both."""
    if request.param == "aws":
        return request.getfixturevalue("aws_settings")
    return StoreSettings(data=tmp_path / "data")


@pytest.fixture
def store(settings):
    return open_experiments(settings)


@pytest.fixture
def artifacts(settings):
    return open_artifacts(settings)


@pytest.fixture
def another(settings, tmp_path):
    """Opens the same home once more, as another process has it; `elsewhere`: on another machine, with an empty cache."""
    machines = itertools.count()

    def again(open_home, *, elsewhere: bool = False):
        if not elsewhere or settings.store == "local":
            return open_home(settings)
        return open_home(settings.model_copy(update={"data": tmp_path / f"machine-{next(machines)}"}))

    return again
