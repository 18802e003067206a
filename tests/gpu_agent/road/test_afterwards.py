"""VMAF and XPSNR after the run: they join the record, yield to a codec, and where they cannot be had they say why."""

import json
import threading
from types import SimpleNamespace

import pytest

from gpu_agent.clips import ClipError
from gpu_agent.models import Status
from gpu_agent.road import afterwards
from gpu_agent.road.afterwards import GONE, Afterwards, awaited, complete
from gpu_agent.road.idle import Idle
from gpu_agent.road.perceptual import LATER, OFF, expected
from gpu_agent.store.folder import FolderArtifacts
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment, row
from tests.gpu_agent.live import settings_for
from tests.gpu_agent.measure.pairs import natural, noisy, write_pair

PATIENCE = 60


class OneClip:
    """A catalogue of one clip whose planes are there."""

    def __init__(self, clip, planes):
        self.clip, self.file = clip, planes

    def get(self, name):
        if name != self.clip.name:
            raise ClipError(f"There is no clip {name}.")
        return self.clip

    def planes(self, clip, cancel=None):
        return self.file


@pytest.fixture
def tools(tmp_path):
    frames = [natural(144, 176, 4 * i) for i in range(3)]
    source, decoded, _ = write_pair(tmp_path, frames, [noisy(y, 8) for y in frames])
    artifacts = FolderArtifacts(tmp_path / "kept", tmp_path / "dropped")
    clip = SimpleNamespace(
        name="carphone",
        sha256="0" * 64,
        width=176,
        height=144,
        visible_width=176,
        visible_height=144,
        frames=3,
        fps="25",
    )
    settings = settings_for(tmp_path / "data", vmaf="on")
    return SimpleNamespace(
        settings=settings, artifacts=artifacts, catalogue=OneClip(clip, source), decoded=decoded.read_bytes()
    )


def finished(tools, rates=(22, 27), **changes):
    """A record as the road leaves it, its decoded frames in the cache."""
    rows = [
        row(rate=r, frames=3, more={"missing": expected("on")}, artifacts={"decoded": f"carphone/r{r}/decoded.yuv"})
        for r in rates
    ]
    e = experiment(results=rows, status=Status.SUCCEEDED, **changes)
    for r in rates:
        tools.artifacts.put_bytes(f"{e.id}/carphone/r{r}/decoded.yuv", tools.decoded, droppable=True)
    return e


@pytest.fixture
def store(tmp_path):
    class Watched(LocalExperiments):
        def set_perceptual(self, experiment_id, figures):
            done = super().set_perceptual(experiment_id, figures)
            self.written.release()
            return done

    store = Watched(tmp_path / "lab.db")
    store.written = threading.Semaphore(0)
    return store


@pytest.fixture
def start(tools, store):
    running = []

    def begin(idle):
        thread = Afterwards(tools, store, idle)
        running.append(thread)
        thread.start()
        return thread

    yield begin
    for thread in running:
        thread.idle.stop()
        thread.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_record_gets_its_figures_and_its_series(tools, store, start):
    e = finished(tools)
    store.create(e)
    start(Idle())
    for _ in e.results:
        assert store.written.acquire(timeout=PATIENCE)
    now = store.get(e.id)
    assert not any(map(awaited, now.results))
    assert now.results[0].vmaf == now.results[1].vmaf > 10
    assert {"vmaf_neg", "vmaf_model", "xpsnr_y", "xpsnr_u"} <= now.results[0].more.keys()
    series = json.loads(tools.artifacts.local(f"{e.id}/{now.results[0].artifacts['perceptual']}").read_text())
    assert {name: len(values) for name, values in series.items()} == {"vmaf": 3, "vmaf_neg": 3, "xpsnr_y": 3}


def test_nothing_is_begun_while_a_codec_runs_and_it_goes_on_where_it_stopped(tools, store, start, monkeypatch):
    measured, made = afterwards.measured, []
    idle = Idle()

    def one(tools, e, row, cancel):
        made.append(row.rate)
        if len(made) == 2:
            idle.hold(True)  # a run takes the machine in the middle of the second point
        return measured(tools, e, row, cancel)

    monkeypatch.setattr(afterwards, "measured", one)
    e = finished(tools)
    store.create(e)
    start(idle)
    assert store.written.acquire(timeout=PATIENCE)
    assert not store.written.acquire(timeout=0.2)
    assert [awaited(r) for r in store.get(e.id).results] == [False, True]
    first = store.get(e.id).results[0]
    idle.hold(False)
    assert store.written.acquire(timeout=PATIENCE)
    assert made == [22, 27, 27]
    assert store.get(e.id).results[0] == first
    assert not any(map(awaited, store.get(e.id).results))


@pytest.mark.parametrize("why", ["dropped", "clip changed", "clip gone"])
def test_what_cannot_be_measured_says_why_and_is_not_awaited_for_ever(tools, store, why):
    e = finished(tools, rates=(22,))
    store.create(e)
    if why == "dropped":
        tools.artifacts.local(f"{e.id}/carphone/r22/decoded.yuv").unlink()
    elif why == "clip changed":
        tools.catalogue.clip.sha256 = "f" * 64
    else:
        tools.catalogue.clip.name = "another"
    assert Afterwards(tools, store, Idle()).work(e, threading.Event()) is False
    now = store.get(e.id).results[0]
    expected_reason = {"dropped": GONE, "clip changed": "the clip has changed since this run"}
    reason = expected_reason.get(why, "There is no clip carphone.")
    assert now.vmaf is None
    assert set(now.more["missing"].values()) == {reason}
    assert now.more["missing"].keys() == expected("on").keys()


def test_switched_off_only_vmaf_is_left_out(tools):
    tools.settings = settings_for(tools.settings.data, vmaf="off")
    e = finished(tools, rates=(22,))
    e.results[0].more = {"missing": expected("off")}
    complete(tools, e, threading.Event())
    assert e.results[0].vmaf is None
    assert e.results[0].more["missing"] == {"vmaf": OFF, "vmaf_neg": OFF}
    assert e.results[0].more["xpsnr_y"] > 10


def test_the_terminal_waits_for_them_and_a_cancel_leaves_them_out(tools):
    e, told = finished(tools), []
    complete(tools, e, threading.Event(), lambda row: told.append(row.rate))
    assert told == [22, 27]
    assert all(r.vmaf > 10 and "missing" in r.more and not awaited(r) for r in e.results)
    e, cancel = finished(tools), threading.Event()
    cancel.set()
    complete(tools, e, cancel)
    assert all(r.vmaf is None and r.more["missing"]["vmaf"] == LATER for r in e.results)
