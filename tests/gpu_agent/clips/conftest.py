from __future__ import annotations

import shutil

import pytest

from gpu_agent.clips import Catalogue
from gpu_agent.jail import Jail
from gpu_agent.settings import AgentSettings

from .in_process import InProcess


@pytest.fixture
def settings(tmp_path) -> AgentSettings:
    return AgentSettings(data=tmp_path / "data", disk_floor_gb=0)


@pytest.fixture
def catalogue(settings) -> Catalogue:
    return Catalogue(settings, InProcess())


@pytest.fixture(scope="session")
def facts_once(tmp_path_factory):
    """The facts of the lab's own clips, measured once for all tests that list them."""
    catalogue = Catalogue(AgentSettings(data=tmp_path_factory.mktemp("facts"), disk_floor_gb=0), InProcess())
    catalogue.list()
    return catalogue.facts_folder


@pytest.fixture
def known_facts(facts_once, settings):
    shutil.copytree(facts_once, settings.clips / "facts", dirs_exist_ok=True)


@pytest.fixture(scope="session")
def jail() -> Jail:
    jail = Jail()
    status = jail.status()
    if not status.available:
        pytest.skip(f"the jail cannot run here, so nothing was read in it: {status.message}")
    return jail
