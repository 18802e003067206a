"""What the agent adds to a run: the whole road with its jail, for a codec that sleeps through a tenth of a second a frame.

The page cache is made the same between encode and decode for honesty's sake alone; its time depends on how much Python
is installed and not on the video, so it has a line of its own. So have VMAF and XPSNR, which no run waits for.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.jail import Jail
from gpu_agent.measure import warm
from gpu_agent.models import Clip, Experiment, ExperimentRequest, Status
from gpu_agent.road import point, walk
from gpu_agent.road.afterwards import complete
from gpu_agent.road.freeze import freeze
from gpu_agent.road.tools import Tools
from gpu_agent.road.walk import Walk
from gpu_agent.settings import AgentSettings
from gpu_agent.store.folder import FolderArtifacts

from .bench_measure import moving_pair
from .row import Row

INFO = VideoInfo(1280, 720, 100, Fraction(30))
MOST = 0.15
AFTERWARDS = "VMAF and XPSNR, while no codec runs"
CODE = '''"""A tenth of a second for each frame, in encode and in decode."""
import time
import numpy as np
from codec_kit import Frame

RATES = (1, 2)


def paced(began):
    time.sleep(max(0.0, began + 0.1 - time.perf_counter()))


def encode(video, rate):
    for frame in video:
        began = time.perf_counter()
        packet = frame.y[::8, ::8].tobytes()
        paced(began)
        yield packet


def decode(packets, info):
    grey = np.full(info.chroma_shape, 128, np.uint8)
    for packet in packets:
        began = time.perf_counter()
        small = np.frombuffer(packet, np.uint8).reshape(info.height // 8, -1)
        y = np.repeat(np.repeat(small, 8, 0), 8, 1)
        paced(began)
        yield Frame(y, grey, grey)
'''


class Silent:
    def progress(self, progress) -> None: ...

    def event(self, kind, message, progress=None) -> None: ...

    def save(self, experiment: Experiment) -> None: ...


def run() -> list[Row]:
    warm()
    jail = Jail()
    if not jail.status().available:
        return [Row("what the agent adds to a run", "not measured", jail.status().message, "")]
    with tempfile.TemporaryDirectory(prefix="codec-lab-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        record, seconds, parts = walked(folder, jail)
    if record.status is not Status.SUCCEEDED:
        raise RuntimeError(f"the run {record.status}: {record.error}")
    codec = sum(row.encode_seconds + row.decode_seconds for row in record.results)
    cache = parts["page cache"]
    added = seconds - codec - cache
    reference = f"{codec:.1f} s of the codec's own"
    rows = [
        Row(
            f"what the agent adds, 100 ms a frame of 720p, {INFO.frames} frames, {len(record.results)} rates",
            f"{added:.1f} s",
            reference,
            f"{added / codec:.0%}",
            f"≤ {MOST:.0%}",
            added <= MOST * codec,
        ),
    ]
    told = ("smoke run", "jails", "measuring", "preview of the source", "preview")
    shares = {name: parts[name] for name in told} | {"worst frames, hashes, storing": added - sum(map(parts.get, told))}
    rows += [shown(f"of it: {name}", seconds, codec) for name, seconds in shares.items()]
    beside = [shown(f"beside it: {name}", parts[name], codec) for name in ("page cache", AFTERWARDS)]
    return [*rows, *beside]


def shown(what: str, seconds: float, codec: float) -> Row:
    return Row(what, f"{seconds:.2f} s", f"{codec:.1f} s of the codec's own", f"{seconds / codec:.1%}")


def walked(folder: Path, jail: Jail) -> tuple[Experiment, float, dict[str, float]]:
    """The record, the whole run's seconds, and seconds by part."""
    source, other = moving_pair(folder, INFO)
    other.unlink()
    clip = Clip(
        name="bench", title="Bench", origin="rendered", sha256="0" * 64, width=INFO.width, height=INFO.height,
        visible_width=INFO.width, visible_height=INFO.height, frames=INFO.frames, fps="30", seconds=INFO.frames / 30,
    )  # fmt: skip
    catalogue = SimpleNamespace(get=lambda name: clip, planes=lambda clip, cancel: source)
    settings = AgentSettings(data=folder / "data", disk_floor_gb=0)
    artifacts = FolderArtifacts(settings.artifacts, settings.cache / "artifacts")
    tools = Tools(settings, jail, catalogue, artifacts)
    experiment = freeze(ExperimentRequest(code=CODE), [clip.ref()])
    parts: dict[str, float] = defaultdict(float)
    with clocks(tools, parts):
        began = time.perf_counter()
        record = Walk(tools, experiment, Silent(), threading.Event()).run()
        seconds = time.perf_counter() - began
    began = time.perf_counter()
    complete(tools, record, threading.Event())
    parts[AFTERWARDS] = time.perf_counter() - began
    return record, seconds, parts


@contextmanager
def clocks(tools: Tools, parts: dict[str, float]) -> Iterator[None]:
    """Times each part of the road. What happens within the smoke run counts as that, but for the page cache."""
    smoking = False

    def clock(part: str, work: Callable, of=lambda seconds, outcome: seconds) -> Callable:
        def timed(*args, **more):
            began = time.perf_counter()
            outcome = work(*args, **more)
            if not smoking or part == "page cache":
                parts[part] += of(time.perf_counter() - began, outcome)
            return outcome

        return timed

    def smoke(self, source) -> None:
        nonlocal smoking
        smoking, began, cached = True, time.perf_counter(), parts["page cache"]
        real_smoke(self, source)
        smoking = False
        parts["smoke run"] += time.perf_counter() - began - (parts["page cache"] - cached)

    real_smoke = Walk._smoke
    outside = lambda seconds, outcome: seconds - outcome.wall_seconds
    with ExitStack() as stack:
        put = lambda owner, name, new: stack.enter_context(mock.patch.object(owner, name, new))
        put(Walk, "_smoke", smoke)
        for phase in ("encode", "decode"):
            put(tools.jail, phase, clock("jails", getattr(tools.jail, phase), outside))
        put(tools.jail, "normalise_page_cache", clock("page cache", tools.jail.normalise_page_cache))
        put(point, "measure", clock("measuring", point.measure))

        put(point, "make_preview", clock("preview", point.make_preview))
        put(walk, "make_preview", clock("preview of the source", walk.make_preview))
        yield
