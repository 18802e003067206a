"""The jail as the agent calls it: what a codec gets and gives, what its errors say, and that calls do not disturb
each other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_agent.contract import EXAMPLE
from gpu_agent.jail import Jail, Verdict, bubblewrap, cgroup, seccomp
from gpu_agent.models import ErrorCategory, Limits

from .conftest import INFO, SMALL, Bench, held

pytestmark = pytest.mark.jail

ZERO_FRAMES = """
import numpy as np
def decode(packets, info):
    for _ in range(info.frames):
        yield np.zeros(info.luma_shape, np.uint8), np.zeros(info.chroma_shape, np.uint8), np.zeros(info.chroma_shape, np.uint8)
"""


def test_lossless_round_trip(bench):
    encoded = bench.encode(EXAMPLE, rate=1)
    assert encoded.ok
    assert encoded.output_bytes == sum(len(p) + 4 for p in bench.packets)
    assert len(bench.packets) == INFO.frames
    seen = []
    decoded = bench.decode(EXAMPLE, iter(bench.packets), on_progress=seen.append)
    assert decoded.ok
    assert b"".join(bench.frames) == bench.source.read_bytes()
    assert seen == [1, 2, 3, 4]
    for outcome in (encoded, decoded):
        assert outcome.level in ("watchdog", "full")
        assert 0 < outcome.start_seconds < SMALL.start_seconds
        assert outcome.cpu_seconds > 0
        assert outcome.failure is None


def test_video_is_a_sequence(bench):
    code = """
import numpy as np
def encode(video, rate):
    info = video.info
    assert len(video) == info.frames == 4 and str(info.fps) == "30000/1001" and rate == 2.5, rate
    first = [bytes(f.y.tobytes()) for f in video]
    assert first == [f.y.tobytes() for f in video], "iterates again"
    assert video[-1].y.tobytes() == first[3] and video[np.int64(2)].y.tobytes() == first[2]
    assert [f.y.tobytes() for f in video[1:3]] == first[1:3] and video[::-1][0].y.tobytes() == first[3]
    y, u, v = video[0]
    assert y.shape == (16, 32) and u.shape == v.shape == (8, 16) and y.dtype == np.uint8
    for index, error in ((4, IndexError), (-5, IndexError), ("1", TypeError)):
        try:
            video[index]
        except error:
            continue
        raise AssertionError(index)
    yield b"".join(p.tobytes() for f in video for p in f)
"""
    outcome = bench.encode(code, rate=2.5)
    assert outcome.ok, outcome.message
    assert bench.packets == [bench.source.read_bytes()]


def test_packets_may_be_of_any_kind_of_bytes(bench):
    code = """
import numpy as np
def encode(video, rate):
    return [b"a", bytearray(b"b"), memoryview(b"c"), np.frombuffer(b"de", np.uint8), np.full((2, 2), 102, np.uint8), b""]
"""
    assert bench.encode(code).ok
    assert bench.packets == [b"a", b"b", b"c", b"de", b"ffff", b""]
    assert bench.encode("def encode(video, rate): return b'one packet'").ok
    assert bench.packets == [b"one packet"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "encode returned None"),
        ("return 7", "encode returned int"),
        ("yield 'text'", "packet 0 is str; a packet must be bytes"),
        ("yield b'x'; yield 3", "packet 1 is int"),
        ("import numpy; yield numpy.zeros((2, 3))", "packet 0 is ndarray of dtype float64, shape (2, 3)"),
        ("import numpy; yield numpy.zeros((4, 4), 'u1')[::2, ::2]", "contiguous array of uint8"),
    ],
)
def test_wrong_packets_are_told(bench, body, words):
    outcome = bench.encode(f"def encode(video, rate): {body}")
    assert outcome.verdict is Verdict.OUTPUT_INVALID
    assert words in outcome.message


def test_no_packet_at_all_is_told(bench):
    outcome = bench.encode("def encode(video, rate): return []")
    assert outcome.verdict is Verdict.OUTPUT_EMPTY
    assert outcome.failure.category is ErrorCategory.OUTPUT_INVALID


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("(y, u)", "frame 1 is tuple of 2 planes; a frame must be three planes"),
        ("np.zeros((3, 16, 32), 'u1')", "frame 1 is an array of shape (3, 16, 32)"),
        ("(y, u, y)", "frame 1, plane v: expected uint8 of shape (8, 16), got uint8 of shape (16, 32)"),
        ("(y.astype(float), u, u)", "frame 1, plane y: expected uint8 of shape (16, 32), got float64"),
        ("7", "frame 1 is int"),
    ],
)
def test_wrong_frames_are_told(bench, frame, words):
    outcome = bench.decode(f"""
import numpy as np
def decode(packets, info):
    y, u = np.zeros(info.luma_shape, np.uint8), np.zeros(info.chroma_shape, np.uint8)
    yield y, u, u
    yield {frame}
""")
    assert outcome.verdict is Verdict.OUTPUT_INVALID
    assert words in outcome.message
    assert len(bench.frames) == 1


def test_wrong_counts_name_both(bench):
    few = bench.decode(ZERO_FRAMES.replace("info.frames", "3"))
    many = bench.decode(ZERO_FRAMES.replace("info.frames", "9"))
    assert (few.message, few.verdict) == ("decode yielded 3 frames; 4 were expected.", Verdict.OUTPUT_INVALID)
    assert (many.message, many.verdict) == (
        "decode yielded more than the 4 frames it must: at least 5.",
        Verdict.OUTPUT_INVALID,
    )


def test_traceback_is_the_codecs_own(bench):
    outcome = bench.encode("""
import zlib

def inner(data):
    return zlib.decompress(data)

def encode(video, rate):
    yield inner(b"nonsense")
""")
    assert outcome.verdict is Verdict.EXCEPTION
    assert outcome.message == (
        "encode raised an exception.\n\nTraceback (most recent call last):\n"
        '  File "codec.py", line 8, in encode\n    yield inner(b"nonsense")\n'
        '  File "codec.py", line 5, in inner\n    return zlib.decompress(data)\n'
        "error: Error -3 while decompressing data: incorrect header check"
    )
    assert outcome.failure.category is ErrorCategory.ENCODE_ERROR


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def encode(video, rate)\n    pass", 'File "codec.py", line 1'),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1", "the module defines no function encode"),
        ("1/0", 'File "codec.py", line 1, in <module>'),
    ],
)
def test_what_cannot_be_imported_is_invalid_code(bench, code, words):
    outcome = bench.encode(code)
    assert outcome.verdict is Verdict.EXCEPTION_START
    assert words in outcome.message
    assert outcome.failure.category is ErrorCategory.INVALID_CODE


def test_memory_that_is_refused_at_once_is_memory(bench):
    outcome = bench.encode("def encode(video, rate): yield bytes(1 << 60)")
    assert outcome.verdict is Verdict.MEMORY
    assert "MemoryError" in outcome.message


def test_what_is_printed_is_the_log(bench):
    outcome = bench.encode(
        "import os, sys\ndef encode(video, rate):\n print('to out', hash('a'))\n print('to err', file=sys.stderr)\n yield b'x'"
    )
    assert outcome.ok
    first = outcome.log
    assert "to out" in first
    assert "to err" in first
    assert bench.encode("def encode(video, rate):\n print('to out', hash('a'))\n yield b'x'").log in first


def test_packets_are_read_as_the_codec_asks(bench):
    pulled = []

    def endless():
        while True:
            pulled.append(1)
            yield b"x" * (256 << 10)

    assert bench.decode(ZERO_FRAMES, endless()).ok
    assert len(pulled) < 20


def test_encode_tells_frames_touched(bench):
    seen = []
    code = "import time\ndef encode(video, rate):\n for f in video:\n  time.sleep(0.5)\n  yield b'x'"
    assert bench.encode(code, on_progress=seen.append).ok
    assert seen == sorted(set(seen))
    assert len(seen) >= 2, "while it runs; two marks that come at once are told as one"
    assert seen[-1] <= INFO.frames


def test_false_progress_is_bounded(bench):
    seen = []
    code = """
import os
def encode(video, rate):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    os.write(max(f for f in pipes if os.readlink(f"/proc/self/fd/{f}").startswith("pipe:")), b"F\\xff\\xff\\xff\\xff")
    yield b"x"
"""
    assert bench.encode(code, on_progress=seen.append).ok
    assert seen == [INFO.frames]


def test_cancel_ends_it_at_once(bench, nothing_left):
    cancel = threading.Event()
    started = time.monotonic()
    outcome = bench.encode(
        "def encode(video, rate):\n yield b'x'\n while True: pass",
        SMALL.model_copy(update={"wall_seconds": 60.0}),
        on_packet=lambda packet: cancel.set(),
        cancel=cancel,
    )
    assert outcome.verdict is Verdict.CANCELLED
    assert outcome.failure is None
    assert time.monotonic() - started < 30
    nothing_left()


@pytest.mark.parametrize("mode", ["encode", "decode", "packets"])
def test_exceptions_of_the_caller_pass_through(bench, nothing_left, mode):
    def fail(_):
        raise LookupError("of the caller")

    def packets():
        raise LookupError("of the caller")
        yield

    sleeper = "import time\ndef decode(packets, info):\n time.sleep(100)\n yield"
    call = {
        "encode": lambda: bench.encode(EXAMPLE, on_packet=fail),
        "decode": lambda: bench.decode(ZERO_FRAMES, on_frame=fail),
        "packets": lambda: bench.decode(sleeper, packets()),
    }[mode]
    with pytest.raises(LookupError, match="of the caller"):
        call()
    nothing_left()


def test_a_slow_sink_is_not_the_codecs_time(bench):
    limits = SMALL.model_copy(update={"wall_seconds": 3.0})
    outcome = bench.decode(ZERO_FRAMES, limits=limits, on_frame=lambda view: time.sleep(1))
    assert outcome.ok, "all frames lie in the pipe, and the code has long ended, when the second is taken"
    assert outcome.sink_seconds > 3.5


def test_limits_hold_while_the_sink_is_slow(bench):
    code = """
import time
def encode(video, rate):
    yield b'x'
    held = []
    while True:
        held.append(bytearray(b'x') * (1 << 20))
        time.sleep(0.001)
"""
    outcome = bench.encode(code, on_packet=lambda packet: time.sleep(1))
    assert outcome.verdict is Verdict.MEMORY
    assert outcome.peak_memory_bytes < 2 * SMALL.memory_mb << 20


def test_runs_side_by_side_do_not_disturb_each_other(jail, source, honest_hash):
    before = held()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: Bench(jail, source).honest(), range(8)))
    assert set(results) == {honest_hash}
    assert held() <= before


def test_a_source_that_others_may_not_read(bench, tmp_path):
    path = tmp_path / "planes"
    path.write_bytes(bench.source.read_bytes())
    path.chmod(0o600)
    hidden = Bench(bench.jail, path)
    code = """
import os
def encode(video, rate):
    for fd in os.listdir("/proc/self/fd"):
        try:
            os.open(f"/proc/self/fd/{fd}", os.O_RDWR) if os.path.getsize(f"/proc/self/fd/{fd}") > 3000 else 0
        except OSError:
            continue
    yield video[0].y.tobytes()
"""
    assert hidden.encode(code).ok
    assert hidden.packets == [path.read_bytes()[: 32 * 16]]
    assert path.read_bytes() == bench.source.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_source_without_all_frames_is_refused(bench, tmp_path):
    path = tmp_path / "short"
    path.write_bytes(b"x" * 10)
    with pytest.raises(ValueError, match="10 bytes"):
        Bench(bench.jail, path).encode(EXAMPLE)


def test_no_run_where_bubblewrap_is_missing(monkeypatch, source):
    def missing():
        raise bubblewrap.Unavailable("bubblewrap is not installed.")

    monkeypatch.setattr(bubblewrap, "find", missing)
    jail = Jail()
    assert not jail.status().available
    outcome = Bench(jail, source).encode(EXAMPLE)
    assert outcome.failure.category is ErrorCategory.SANDBOX
    assert outcome.message == "bubblewrap is not installed."
    monkeypatch.undo()
    assert jail.recheck().available


def test_a_start_that_the_system_refuses_is_the_sandboxs_fault(bench, monkeypatch, nothing_left):
    from gpu_agent.jail.process import JailProcess

    def refuse(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(JailProcess, "spawn", refuse)
        outcome = bench.encode(EXAMPLE)
    assert outcome.failure.category is ErrorCategory.SANDBOX
    assert "Too many open files" in outcome.message
    nothing_left()


def test_no_run_where_full_is_required_and_nothing_is_delegated(monkeypatch):
    monkeypatch.setattr(cgroup, "own_cgroup", lambda: None)
    status = Jail(required="full").status()
    assert not status.available
    assert status.level is None
    assert "Delegate=yes" in status.message


def test_the_canary_sees_a_missing_filter(monkeypatch, jail):
    allow_all = seccomp.Program()
    allow_all.step(seccomp.RETURN, seccomp.ALLOW)
    monkeypatch.setattr(seccomp, "build", lambda: __import__("struct").pack("<HBBI", *allow_all.steps[0]))
    status = Jail().status()
    assert not status.available
    assert "system calls are filtered" in status.message
    assert [check.name for check in status.checks if not check.ok] == ["system calls are filtered"]


def test_the_canary_sees_memory_that_is_not_bounded(monkeypatch, jail):
    from gpu_agent.jail import canary

    monkeypatch.setattr(canary, "HOARD", "def encode(video, rate): yield b'x'")
    status = Jail().status()
    assert not status.available
    assert "memory is bounded" in status.message


def test_limits_of_the_record_are_the_policy():
    from gpu_agent.jail.policy import Policy

    policy = Policy.of(Limits(memory_mb=100, bitstream_mb=3, log_kb=20, tmp_mb=5, processes=9))
    assert (policy.memory_bytes, policy.output_bytes, policy.log_bytes) == (100 << 20, 3 << 20, 20 << 10)
    assert policy.rlimits["RLIMIT_NPROC"] == 9
    assert policy.rlimits["RLIMIT_CORE"] == 0
    assert Policy.of(Limits(), 777).output_bytes == 777
