"""Which tests share a worker of pytest-xdist, and which are begun first. Loaded by `tests.plugin`.

A module is one unit: its fixtures are made once. A folder of TOGETHER is one too, since its tests share something that
is slow to start. What takes longest is begun first, or the last worker would be left with it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/browser", "tests/app/components", "tests/gpu_agent/audit", "tests/gpu_agent/jail")
"""Folders with one lab, one harness, one audited experiment, one place of canaries for all their tests."""
FIRST = (
    "tests/browser",
    "tests/app/components",
    "tests/gpu_agent/jail",
    "tests/gpu_agent/codecs/test_hybrid.py",
    "tests/infra/deploy/test_scripts.py",
    "tests/app/autopilot/test_killed.py",
)
"""The longest units, longest first."""


def unit(nodeid: str) -> str:
    """The unit that a test belongs to: its folder's or its module's path."""
    module = nodeid.split("::")[0]
    return next((folder for folder in TOGETHER if module.startswith(f"{folder}/")), module)


def rank(nodeid: str) -> int:
    """Units of a lower rank are begun earlier; all that FIRST does not name come last, in their own order."""
    name = unit(nodeid)
    return FIRST.index(name) if name in FIRST else len(FIRST)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            """The way that xdist's documentation names for a scope of one's own."""
            return unit(nodeid)

    config.option.loadscopereorder = False  # the collection's order is the one that is meant
    return Units(config, log)
