"""What goes wrong ends as a terminal record with its category and a sentence, and the next run is none the worse."""

import errno
import os
import subprocess

import pytest

from gpu_agent.contract import EXAMPLE
from gpu_agent.measure import MeasureError
from gpu_agent.models import ErrorCategory, Limits, Status
from gpu_agent.preview import Choice
from gpu_agent.preview.encoders import Encoder
from gpu_agent.road import point, walk
from gpu_agent.road.tools import Tools
from gpu_agent.store import StoreError
from tests.gpu_agent.live import STUCK, ask, comes, finished, run, start, under_way

pytestmark = pytest.mark.jail

DECODE = EXAMPLE[EXAMPLE.index("def decode") :]
HEAD = EXAMPLE[: EXAMPLE.index("def encode")]


def with_encode(body: str) -> str:
    return f"{HEAD}def encode(video, rate):\n    {body}\n\n\n{DECODE}"


def with_decode(body: str) -> str:
    return EXAMPLE[: EXAMPLE.index("def decode")] + f"def decode(packets, info):\n    {body}\n"


def zeros(y: str, u: str = "info.chroma_shape", dtype: str = "np.uint8") -> str:
    return (
        f"yield from [Frame(np.zeros({y}, {dtype}), np.zeros({u}, {dtype}), np.zeros(info.chroma_shape, {dtype}))]"
        " * info.frames"
    )


FAILURES = {
    "syntax": ("def encode(", ErrorCategory.INVALID_CODE, "line 1: syntax"),
    "no decode": ("def encode(video, rate):\n    yield b''\n", ErrorCategory.INVALID_CODE, "missing: def decode"),
    "import": ("import no_such_module\n" + EXAMPLE, ErrorCategory.INVALID_CODE, "no_such_module"),
    "encode raises": (with_encode("yield 1 / 0"), ErrorCategory.ENCODE_ERROR, "ZeroDivisionError"),
    "decode raises": (with_decode("yield undefined"), ErrorCategory.DECODE_ERROR, "undefined"),
    "no packets": (with_encode("yield from ()"), ErrorCategory.OUTPUT_INVALID, "no packet"),
    "too few frames": (with_decode("yield from ()"), ErrorCategory.OUTPUT_INVALID, ""),
    "shape": (with_decode(zeros("(3, 3)")), ErrorCategory.OUTPUT_INVALID, "(3, 3)"),
    "chroma shape": (with_decode(zeros("info.luma_shape", "info.luma_shape")), ErrorCategory.OUTPUT_INVALID, ""),
    "dtype": (with_decode(zeros("info.luma_shape", dtype="np.float32")), ErrorCategory.OUTPUT_INVALID, "float32"),
    "too many frames": (with_decode(zeros("info.luma_shape") + " * 2"), ErrorCategory.OUTPUT_INVALID, ""),
    "no bytes": (with_encode("yield 'text'"), None, ""),
    "exits": (with_encode("__import__('os')._exit(3)"), ErrorCategory.ENCODE_ERROR, ""),
}


def assert_failed(e, category):
    assert (e.status, e.error.category) == (Status.FAILED, category), e.error
    assert (e.results, e.summary.best_psnr_y, e.summary.sentence, e.summary.points) == ([], None, None, 0)
    assert (e.progress.stage, e.lease) == ("finished", None)
    assert e.started_at <= e.finished_at
    assert len(e.error.message) > 10


@pytest.mark.parametrize("name", FAILURES)
def test_a_codec_s_failure_has_its_category_and_says_where(client, agent, name):
    code, category, words = FAILURES[name]
    e = run(client, code)
    assert_failed(e, category or e.error.category)
    assert words in e.error.message
    if not e.error.message.startswith("line"):
        assert e.error.message.startswith("In the smoke run (8 frames of tiny at rate 4): ")
    assert "site-packages" not in e.error.message
    assert "child.py" not in e.error.message, "the traceback is cut to the codec's own frames"
    assert str(agent.settings.root) not in e.error.message + e.log
    assert client.events(e.id).events[-1].message == "failed"


def test_the_traceback_names_the_codec_s_line_and_what_it_printed_is_kept(client):
    code = with_encode("print('so far so good'); yield helper(video)").replace(
        "def encode", "def helper(video):\n    return video[99].nothing\n\n\ndef encode"
    )
    e = run(client, code)
    assert_failed(e, ErrorCategory.ENCODE_ERROR)
    assert "in helper" in e.error.message
    assert "so far so good" in e.log


@pytest.mark.parametrize(
    ("code", "limits", "category"),
    [
        (with_encode("while True: pass"), {"wall_seconds": 0.3}, ErrorCategory.TIMEOUT),
        (with_decode("__import__('time').sleep(60); yield"), {"wall_seconds": 0.3}, ErrorCategory.TIMEOUT),
        (with_encode("while True: pass"), {"cpu_seconds": 0.5, "wall_seconds": 30}, ErrorCategory.TIMEOUT),
        ("import time\ntime.sleep(60)\n" + EXAMPLE, {"start_seconds": 0.5}, ErrorCategory.TIMEOUT),
        (with_encode("x = [bytearray(b'x') * (1 << 20) for _ in range(4096)]; yield b''"), {"memory_mb": 128}, ErrorCategory.MEMORY),
        (with_encode("yield bytes(3 << 20)"), {"bitstream_mb": 1}, ErrorCategory.OUTPUT_INVALID),
    ],
    ids=["wall in encode", "wall in decode", "cpu", "start", "memory", "bitstream"],
)  # fmt: skip
def test_each_limit_ends_the_run(client, code, limits, category):
    assert_failed(run(client, code, limits=Limits(**limits)), category)


def test_a_failure_after_good_points_leaves_no_results(client):
    code = EXAMPLE.replace(
        "    for frame in video:\n", "    if rate == 8: raise ValueError('eight')\n    for frame in video:\n"
    )
    e = run(client, code, rates=(4, 2, 8))
    assert_failed(e, ErrorCategory.ENCODE_ERROR)
    assert e.error.message.startswith("On tiny at rate 8: ")
    points = [v.message for v in client.events(e.id).events if v.kind == "point"]
    assert [p.split(":")[0] for p in points] == ["tiny at rate 4", "tiny at rate 2"], (
        "what was measured is in the events"
    )


def boom(*_, **__):
    raise RuntimeError("it broke")


@pytest.mark.parametrize(
    ("place", "name", "error", "words"),
    [
        (point, "measure", boom, "RuntimeError: it broke"),
        (point, "make_preview", boom, "RuntimeError: it broke"),
        (walk, "make_preview", boom, "RuntimeError: it broke"),
        (walk, "environment", boom, "RuntimeError: it broke"),
        (walk, "check_code", boom, "RuntimeError: it broke"),
        (walk, "summarise", boom, "RuntimeError: it broke"),
        (point, "measure", MeasureError("Nothing can be measured."), "Nothing can be measured."),
        (point, "file_sha256", OSError(errno.EIO, "Input/output error"), "could not go on: Input/output error."),
        (walk, "source_of", StoreError("The store is gone."), "The store is gone."),
    ],
)
def test_where_the_agent_itself_fails_the_run_is_lost_with_a_sentence(
    agent, client, monkeypatch, place, name, error, words
):
    def raising(*_, **__):
        raise error

    if place is walk and name == "make_preview":
        monkeypatch.setattr(agent.tools.artifacts, "local", lambda key: None)
    with monkeypatch.context() as broken:
        broken.setattr(place, name, error if error is boom else raising)
        e = run(client)
    assert_failed(e, ErrorCategory.LOST)
    assert words in e.error.message
    assert run(client).status is Status.SUCCEEDED


def test_an_encoder_of_previews_that_fails_costs_the_run_nothing(agent, client, monkeypatch):
    broken = Encoder("libx264", {"preset": "there is no such preset"})
    monkeypatch.setattr(agent.tools, "preview_by", Choice(broken, "It worked when the agent started."))
    e = run(client)
    assert e.status is Status.SUCCEEDED
    assert e.environment["preview"] == "libx264"
    assert ask(agent, "GET", f"/artifacts/{e.id}/{e.results[0].artifacts['preview']}").status == 200


@pytest.mark.parametrize("error", [StoreError("The store hiccups."), RuntimeError("it broke")])
@pytest.mark.parametrize("name", ["save", "save_progress", "add_event", "renew"])
def test_a_store_that_fails_now_and_then_ends_no_run(agent, client, monkeypatch, name, error):
    monkeypatch.setattr("gpu_agent.road.worker.RETRY_SECONDS", 0.01)
    calls, good = [], getattr(agent.store, name)

    def flaky(*args, **options):
        calls.append(args)
        if name == "add_event" and args[1:3] == ("status", "queued"):
            return good(*args, **options)
        if len(calls) % 2:
            raise error
        return good(*args, **options)

    e = start(client, rates=(4, 8))
    monkeypatch.setattr(agent.store, name, flaky)
    done = finished(client, e.id)
    assert done.status is Status.SUCCEEDED, done.error
    assert len(done.results) == 2


def test_a_store_that_cannot_give_the_original_loses_the_rerun_alone(agent, client, monkeypatch):
    original = run(client)
    good = agent.store.get

    def broken(experiment_id):
        if experiment_id == original.id:
            raise StoreError("That record is broken.")
        return good(experiment_id)

    again = client.rerun(original.id)
    finished(client, again.id)
    another = agent.store.create(again.model_copy(update={"id": "rerun-broken", "results": []}))
    assert another
    monkeypatch.setattr(agent.store, "get", broken)
    agent.worker.wake()
    done = finished(client, "rerun-broken")
    assert_failed(done, ErrorCategory.LOST)
    assert done.error.message == "That record is broken."


def test_a_full_disk_is_known_before_the_run(agent, client, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(agent.tools, "settings", agent.settings.model_copy(update={"disk_floor_gb": 1e9}))
        e = run(client)
    assert_failed(e, ErrorCategory.LOST)
    assert "The disk is too full for this run" in e.error.message
    assert "Free some space" in e.error.message
    assert run(client).status is Status.SUCCEEDED


NOISE = """
def encode(video, rate):
    import os
    for frame in video:
        yield os.urandom(400_000 if rate == 8 else 10)


def decode(packets, info):
    import numpy as np
    for packet in packets:
        yield np.zeros(info.luma_shape, np.uint8), *[np.zeros(info.chroma_shape, np.uint8)] * 2
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_that_fills_up_during_the_run_loses_that_run_alone(agent, client):
    work = agent.settings.cache / "work"
    work.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(work)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr}")
    try:
        e = run(client, NOISE, rates=(8, 4))
        assert_failed(e, ErrorCategory.LOST)
        assert e.error.message.endswith("No space left on device.")
        assert list(work.iterdir()) == []
        assert run(client).status is Status.SUCCEEDED
    finally:
        subprocess.run(["umount", str(work)], check=True)


def test_a_write_that_finds_no_space_loses_the_run_alone(agent, client, monkeypatch):
    def full(self, name):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Tools, "workspace", full)
        e = run(client)
    assert_failed(e, ErrorCategory.LOST)
    assert e.error.message == "The agent could not go on: No space left on device."
    assert comes(lambda: not client.health().running), "the record is written a moment before the worker is free"
    assert run(client).status is Status.SUCCEEDED


def test_a_clip_that_is_another_now_is_not_taken_for_the_old_one(agent, client):
    e = start(client, **STUCK)
    under_way(client, e.id)
    waits = start(client)
    refs = [ref.model_copy(update={"sha256": "0" * 64}) for ref in waits.clips]
    agent.store.create(waits.model_copy(update={"id": "old-frames", "clips": refs}))
    client.cancel(e.id)
    done = finished(client, "old-frames")
    assert_failed(done, ErrorCategory.LOST)
    assert "is not the one this experiment was made for" in done.error.message
