"""A measured point: what is done for it, and what a smoke run is spared."""

import pytest

from gpu_agent.contract import EXAMPLE
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


def test_a_point_is_timed_as_often_as_was_asked(client):
    once, often = run(client, rates=(4,)), run(client, rates=(4,), timing_runs=3)
    row = often.results[0]
    assert [len(times) for times in row.more["timing"].values()] == [3, 3]
    assert row.encode_seconds == sorted(row.more["timing"]["encode"])[1]
    assert row.encode_fps == row.frames / row.encode_seconds
    assert row.decode_spread > 0
    assert (once.results[0].encode_spread, "timing" in once.results[0].more) == (None, False)
    assert row.bitstream_sha256 == once.results[0].bitstream_sha256
    assert often.warnings == []


def test_an_encode_that_differs_from_time_to_time_is_told(client):
    dice = EXAMPLE.replace("import zlib\n", "import os\nimport zlib\n").replace(
        "zlib.compress(levels.tobytes(), 9)", "zlib.compress(levels.tobytes(), os.urandom(1)[0] % 2 * 9)"
    )
    e = run(client, dice, rates=(4,), timing_runs=5)  # four times eight packets come out alike once in 2^32
    assert e.status == "succeeded", e.error
    assert "further encodes gave another bitstream than the first" in e.warnings[0]
