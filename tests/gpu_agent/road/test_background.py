"""Work on finished experiments says when it is at work: the worker's machine is not switched off under it."""

import threading

from gpu_agent.models import Status
from gpu_agent.road.background import Background
from gpu_agent.road.idle import Idle
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment


class Held(Background):
    """Works until the test lets it go on, and fails the first time."""

    def __init__(self, store):
        super().__init__("held", store, Idle())
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def work(self, experiment, cancel):
        self.begun.release()
        assert self.go_on.acquire(timeout=60)
        raise RuntimeError("the first of them fails")


def test_it_is_at_work_while_it_works_and_not_afterwards(tmp_path):
    store = LocalExperiments(tmp_path / "lab.db")
    thread = Held(store)
    assert not thread.at_work
    thread.start()
    for n in range(2):
        done = experiment(id=f"done-{n}", status=Status.SUCCEEDED)
        store.create(done)
        thread.want(done)
        assert thread.begun.acquire(timeout=60)
        assert thread.at_work
        thread.go_on.release()
    thread.idle.stop()
    thread.stop()
    thread.join(60)
    assert not thread.at_work
