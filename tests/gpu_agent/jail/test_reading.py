"""Files that nobody vouches for, read in the jail: what the reader sees, what codecs do not, and how a bad end ends."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from gpu_agent.clips import ClipError, JailedReading
from gpu_agent.clips.errors import ClipCancelled
from gpu_agent.clips.reading import POLICY, READER
from gpu_agent.jail import Jail, Reader, Verdict, bubblewrap
from gpu_agent.jail.canary import ROOT
from gpu_agent.jail.jail import own_python
from gpu_agent.jail.policy import MIB
from tests.gpu_agent.clips.media import moving_planes, write_y4m

pytestmark = pytest.mark.jail

SMALL = dataclasses.replace(POLICY, memory_bytes=192 * MIB, wall_seconds=60, silent_seconds=30)
SIZE = 'yield b"S" + (16).to_bytes(4, "little") * 2'
FRAME = 'yield b"F" + bytes(16 * 16 * 3 // 2)'
LOOK = """
import importlib.util, json, os

def listing(path):
    return sorted(os.listdir(path)) if os.path.isdir(path) else None

def attempt(action):
    try:
        action()
    except OSError as e:
        return type(e).__name__
    return "done"

def read(source, **options):
    names = ("numpy", "av", "cv2", "scipy", "numba", "torch", "constriction", "pydantic", "codec_kit", "streamlit")
    yield json.dumps({
        "source": source,
        "options": options,
        "libraries": [name for name in names if importlib.util.find_spec(name)],
        "lab": [os.path.join(folder, name) for folder, _, files in os.walk("/lab") for name in files],
        "beside": listing("/source"),
        "root": listing("/"),
        "devices": [name for name in listing("/dev") if "nvidia" in name or "dri" in name],
        "written": attempt(lambda: os.open("/source/clip.mp4", os.O_RDWR)),
        "lab written": attempt(lambda: open("/lab/x", "w")),
        "net": attempt(lambda: __import__("socket").socket(2, 1).connect(("127.0.0.1", 9))),
        "environment": sorted(os.environ),
    }).encode()
"""


def reader(code: str, *libraries: str) -> Reader:
    return Reader(code, (), libraries)


def fake(*lines: str) -> Reader:
    body = "\n    ".join(lines)
    return reader(f"import os, signal, sys, time\ndef read(source, name, tolerant):\n    {body}\n    yield b''")


def look(jail: Jail, path: Path, given: Reader) -> dict:
    said = []
    outcome = jail.read(
        given, path, "clip.mp4", {"a": 1}, SMALL, largest=1 << 20, on_packet=lambda p: said.append(bytes(p))
    )
    assert outcome.ok, outcome
    return json.loads(said[0])


@pytest.fixture
def clip(tmp_path_factory) -> Path:
    return write_y4m(tmp_path_factory.mktemp("upload") / "a.y4m", moving_planes(32, 32, 3))


def test_the_reader_sees_its_file_its_modules_and_its_libraries(jail, clip):
    said = look(jail, clip, Reader(LOOK, READER.modules, ("av", "numpy")))
    assert (said["source"], said["options"]) == ("/source/clip.mp4", {"a": 1})
    assert said["libraries"] == ["numpy", "av"]
    modules = {f"/lab/{name}" for _, name in READER.modules}
    assert set(said["lab"]) == {"/lab/child.py", *modules}
    assert said["beside"] == ["clip.mp4"]
    assert set(said["root"]) <= ROOT | own_python(("av", "numpy")).roots
    assert said["devices"] == []
    assert said["written"] != "done"
    assert said["lab written"] != "done"
    assert said["net"] == "OSError"
    assert not any("CODEC_LAB" in name or "KEY" in name or "AWS" in name for name in said["environment"])


def test_every_module_of_the_reader_is_one_it_needs(jail, clip):
    """The list stays as short as what is imported: nothing of the agent's beside it comes into the jail."""
    code = READER.code + (
        "\nimport sys\n_read = read\ndef read(*a, **k):\n"
        "    yield '\\n'.join(m.__file__ for m in sys.modules.values() if '/lab/gpu_agent' in str(getattr(m, '__file__', ''))).encode()\n"
    )
    said = []
    outcome = jail.read(
        READER._replace(code=code), clip, "a", {}, SMALL, largest=9999, on_packet=lambda p: said.append(bytes(p))
    )
    assert outcome.ok, outcome
    assert set(said[0].decode().split()) == {f"/lab/{name}" for _, name in READER.modules}


def test_codecs_see_nothing_of_the_reader(bench):
    code = """
import importlib.util, os
def encode(video, rate):
    yield str([importlib.util.find_spec("av"), os.path.exists("/lab/gpu_agent"), os.listdir("/source")]).encode()
"""
    assert bench.encode(code).ok
    assert bench.packets == [b"[None, False, ['planes']]"]


def test_a_file_that_others_may_not_read_is_handed_over_open_and_for_reading_alone(jail, clip):
    before, _ = clip.read_bytes(), clip.chmod(0o600)
    code = """
import os
def read(source):
    if isinstance(source, int):
        tried = []
        for way in (lambda: os.write(source, b"x"), lambda: os.open(f"/proc/self/fd/{source}", os.O_RDWR)):
            try:
                way()
            except OSError:
                continue
            tried.append("written")
        assert not tried
    yield os.pread(source, 9, 0) if isinstance(source, int) else open(source, "rb").read(9)
"""
    said = []
    outcome = jail.read(reader(code), clip, "clip", {}, SMALL, largest=9, on_packet=lambda p: said.append(bytes(p)))
    assert outcome.ok, outcome
    assert said == [b"YUV4MPEG2"]
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    ("lines", "changes", "words"),
    [
        pytest.param(["os.kill(os.getpid(), signal.SIGSEGV)"], {}, "decoder crashed on this file", id="crash"),
        pytest.param([SIZE, FRAME, "import ctypes; ctypes.string_at(0)"], {}, "decoder crashed", id="crash later"),
        pytest.param(["os._exit(0)"], {}, "led astray", id="ends early"),
        pytest.param(["os._exit(7)"], {}, "decoder crashed", id="ends badly"),
        pytest.param(["raise RuntimeError('CANARY')"], {}, "reader failed on this file", id="exception"),
        pytest.param(["time.sleep(3600)"], {"silent_seconds": 0.2}, r"gave nothing of this file for", id="hangs"),
        pytest.param(
            [SIZE, FRAME, "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))", "while True: pass"],
            {"silent_seconds": 0.2},
            "gave nothing of this file for",
            id="spins",
        ),
        pytest.param(
            [SIZE, "while True:", "    yield b'F' + bytes(384)", "    time.sleep(0.01)"],
            {"wall_seconds": 0.5},
            "took longer than",
            id="drips for ever",
        ),
        pytest.param(
            [SIZE, "while True: yield b'F' + bytes(384)"],
            {"output_bytes": 100_000},
            "more than any clip of the lab may have",
            id="frames without end",
        ),
        pytest.param(
            ["held = []", "while True: held.append(bytearray(b'x') * (1 << 20))"], {}, "more memory than", id="memory"
        ),
        pytest.param(["raise MemoryError"], {}, "more memory than", id="memory refused"),
        pytest.param(["while True: print('x' * 1000)"], {}, "led astray", id="prints without end"),
        pytest.param([SIZE, "yield b'F' + bytes(383)"], {}, "led astray", id="a short frame"),
        pytest.param(["if os.fork() == 0: time.sleep(3600)", "os._exit(0)"], {}, "led astray", id="leaves a child"),
        pytest.param(["yield b'D'; return"], {}, "led astray", id="damage in both readings"),
    ],
)
def test_whatever_a_decoder_does_is_a_sentence_and_leaves_nothing(jail, clip, nothing_left, lines, changes, words):
    reading = JailedReading(jail, reader=fake(*lines), policy=dataclasses.replace(SMALL, **changes))
    with pytest.raises(ClipError, match=words) as caught:
        reading.identify(clip)
    assert "CANARY" not in str(caught.value)
    nothing_left()


def test_a_packet_larger_than_any_frame_is_not_waited_for(jail, clip):
    size = 1 + 8192 * 8192 * 3 // 2
    code = "import struct, os\ndef read(source, name, tolerant):\n"
    code += "    for fd in range(3, 64):\n        try:\n            os.write(fd, struct.pack('<I', SIZE)) if os.readlink(f'/proc/self/fd/{fd}').startswith('pipe:') else 0\n"
    code += "        except OSError:\n            continue\n    while True: pass\n    yield b''"
    with pytest.raises(ClipError):
        JailedReading(jail, reader=reader(code.replace("SIZE", str(size + 1))), policy=SMALL).identify(clip)


def test_cancel_reaches_a_decoder_that_gives_nothing(jail, clip, nothing_left):
    asked = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(ClipCancelled):
        JailedReading(jail, reader=fake("time.sleep(3600)"), policy=SMALL).identify(clip, cancel=cancel)
    nothing_left()


def test_what_a_callback_raises_passes_through_and_ends_it(jail, clip, nothing_left):
    def full(*_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        JailedReading(jail, policy=SMALL).identify(clip, on_progress=full)
    nothing_left()


def test_no_reading_where_bubblewrap_is_missing(monkeypatch, clip):
    def missing():
        raise bubblewrap.Unavailable("bubblewrap is not installed.")

    monkeypatch.setattr(bubblewrap, "find", missing)
    jail = Jail()
    outcome = jail.read(READER, clip, "a", {}, SMALL, largest=9, on_packet=lambda p: pytest.fail("it ran"))
    assert (outcome.verdict, outcome.message) == (Verdict.SANDBOX_ERROR, "bubblewrap is not installed.")
    assert jail.why_no_reading() == "bubblewrap is not installed."
