import threading

from gpu_agent.road.idle import Idle


def test_an_idle_time_that_ended_stays_cancelled_when_the_next_begins():
    idle = Idle()
    first = idle.wait()
    assert not first.is_set()
    idle.hold(True)
    assert first.is_set()
    idle.hold(False)
    second = idle.wait()
    assert first.is_set()
    assert not second.is_set()
    idle.hold(False)
    assert idle.wait() is second


def test_waiting_ends_with_the_run_or_with_the_agent():
    idle, got = Idle(), []
    idle.hold(True)
    waiter = threading.Thread(target=lambda: got.append(idle.wait()))
    waiter.start()
    idle.hold(False)
    waiter.join(10)
    assert not got[0].is_set()
    idle.hold(True)
    waiter = threading.Thread(target=lambda: got.append(idle.wait()))
    waiter.start()
    idle.stop()
    waiter.join(10)
    assert got[1] is None
    idle.hold(False)
    assert idle.wait() is None
