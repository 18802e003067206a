import pytest

from gpu_agent.road.timing import LEAST, Timing, spread


def test_times_are_medians_and_their_spread_a_part_of_it():
    times = Timing((2.0,), (1.0,)).and_then(5.0, 1.5).and_then(3.0, 1.25)
    assert (times.encode_seconds, times.decode_seconds) == (3.0, 1.25)
    assert spread(times.encode) == pytest.approx(1.0)
    assert spread(times.decode) == pytest.approx(0.4)


def test_one_run_has_no_spread_and_no_time_is_zero():
    times = Timing((0.0,), (1.0,))
    assert times.encode_seconds == LEAST
    assert spread(times.decode) is None
