"""A measured point: what is done for it, and what a smoke run is spared."""

import pytest

from gpu_agent.jail.gpumemory import Overwritten
from gpu_agent.road.perceptual import expected
from tests.gpu_agent.live import run

pytestmark = pytest.mark.jail


def test_the_page_cache_is_made_the_same_before_each_decode_that_counts(agent, client, monkeypatch):
    made = []
    monkeypatch.setattr(agent.tools.jail, "normalise_page_cache", lambda: made.append(1))
    e = run(client, rates=(4, 8))
    assert len(e.results) == len(made) == 2, "the smoke run's frames are thrown away"


def test_what_is_measured_later_is_said_to_be(client):
    missing = run(client, rates=(4,)).results[0].more["missing"]
    assert expected("off").items() <= missing.items()


def test_gpu_memory_that_could_not_be_overwritten_is_a_warning_of_the_run(agent, client, monkeypatch):
    found = Overwritten(problem="the driver refused")
    monkeypatch.setattr(agent.tools.jail, "overwrite_gpu_memory", lambda: found)
    e = run(client, rates=(4,))
    assert e.results[0].more["gpu_memory"] == found.sentence
    assert e.warnings == [f"tiny at rate 4: {found.sentence}"]
