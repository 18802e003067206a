from gpu_agent.jail import Outcome, Verdict
from gpu_agent.road import arrivals
from gpu_agent.road.arrivals import Arrivals


def at(monkeypatch, *times):
    clock = iter(times)
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: next(clock))


def test_each_arrival_has_the_wait_for_it_and_start_up_is_nobody_s(monkeypatch):
    at(monkeypatch, 101.25, 101.5, 103.0)
    seen = Arrivals()
    for _ in range(3):
        seen.note()
    assert seen.milliseconds(Outcome("encode", Verdict.OK, ready_at=101.0)) == [250.0, 250.0, 1500.0]


def test_no_wait_is_negative_and_nothing_arrived_is_nothing(monkeypatch):
    at(monkeypatch, 100.5)
    seen = Arrivals()
    outcome = Outcome("encode", Verdict.OK, ready_at=100.6)
    assert seen.milliseconds(outcome) == []
    seen.note()
    assert seen.milliseconds(outcome) == [0.0]
