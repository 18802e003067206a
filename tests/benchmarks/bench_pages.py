"""How soon the pages can be used with 10,000 experiments in the store: from the address to a page that is drawn and idle.

The lab runs as it does for a person, in a process of its own, and Chromium loads each page anew. The reference is the
same lab with twenty experiments, in the same run.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from gpu_agent.anchors import CATALOGUE
from gpu_agent.codecs import STARTERS
from gpu_agent.models import Audit, Badge, BDRate, ClipRef, Experiment, ExperimentRequest, ResultRow, Status
from gpu_agent.road.freeze import freeze
from gpu_agent.store.local import LocalExperiments
from tests.browser.programs import Lab
from tests.chromium import CHROMIUM

from .row import Row

MANY, FEW = 10_000, 20
MOST_SECONDS = 2.0
ROUNDS = 2
CLIPS = [
    ClipRef(name=name, sha256=name[0] * 64, width=352, height=288, frames=90, fps="25")
    for name in ("carphone", "bikes")
]
RATES = (22, 27, 32, 37)
DRAWN = "[data-testid=stApp][data-test-script-state=notRunning]"


def run() -> list[Row]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="codec-lab-bench-") as name:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        taken = [times(browser, Path(name) / str(count), count) for count in (MANY, FEW)]
        browser.close()
    return [line(page, many, few) for (page, many), few in zip(taken[0].items(), taken[1].values())]


def line(page: str, many: float, few: float) -> Row:
    return Row(
        f"{page}, {MANY} experiments in the store, address to idle",
        f"{many:.2f} s",
        f"{few:.2f} s with {FEW}",
        f"{many / few:.1f}x",
        f"≤ {MOST_SECONDS:g} s",
        many <= MOST_SECONDS,
    )


def times(browser: Browser, folder: Path, count: int) -> dict[str, float]:
    """Median seconds by page. The first visit of each is not counted: it loads the modules of a lab just started."""
    folder.mkdir()
    with serving(folder, count) as lab:
        ids = [f"bench-{n:06d}" for n in range(count)]
        some = ",".join([*ids[-6:], "anchor:x264-medium", "anchor:x265-medium"])
        pages = {
            "experiments": ("/experiments", "[data-testid=stDataFrame] canvas"),
            "compare, eight chosen": (f"/compare?with={some}", "[data-testid=stPlotlyChart] .js-plotly-plot"),
            "leaderboard": ("/leaderboard", "[data-testid=stDataFrame] canvas"),
            "lineage": (f"/lineage?of={ids[-1]}", "[data-testid=stPlotlyChart] .js-plotly-plot"),
        }
        return {name: seconds(browser, lab.url + path, there) for name, (path, there) in pages.items()}


def seconds(browser: Browser, url: str, there: str) -> float:
    taken = []
    for _ in range(1 + ROUNDS):
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        began = time.perf_counter()
        page.goto(url)
        page.locator(there).first.wait_for(timeout=60_000)
        page.locator(DRAWN).wait_for(state="attached", timeout=60_000)
        taken.append(time.perf_counter() - began)
        page.context.close()
    return statistics.median(taken[1:])


@contextmanager
def serving(folder: Path, count: int) -> Iterator[Lab]:
    lab = Lab(folder, claude=False, agent=False)
    store = LocalExperiments(lab.data / "lab.db")
    for experiment in experiments(count):
        store.create(experiment)
    lab.start()
    try:
        yield lab
    finally:
        lab.stop()


def experiments(count: int) -> Iterator[Experiment]:
    """As a busy lab has them: trees of forks, some failed, some audited, codes and logs of usual length."""
    draw = random.Random(8)
    usual = freeze(ExperimentRequest(code=STARTERS[0].code()), CLIPS).model_copy(
        update={
            "log": "[encode carphone at rate 22]\nstarted\n" * 60,
            "environment": {"packages": {f"package-{n}": "1.2.3" for n in range(40)}, "cpu": {"threads": 4}},
            "rates": list(RATES),
        }
    )
    for n in range(count):
        failed, factor = n % 9 == 4, draw.uniform(0.5, 3.0)
        changes = {
            "id": f"bench-{n:06d}",
            "title": f"Codec {n} with overlapped blocks",
            "created_at": f"2026-01-{1 + n // 5000:02d}T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}.000000Z",
            "code_sha256": f"{n - n % 3:064x}",
            "parent_id": f"bench-{draw.randrange(max(0, n - 200), n):06d}" if n % 50 else None,
            "status": Status.FAILED if failed else Status.SUCCEEDED,
            "results": [] if failed else rows(factor),
            "summary": usual.summary.model_copy(update={"bd_rate": {} if failed else bd_rates(factor)}),
            "audit": None if failed else audit(n),
        }
        yield usual.model_copy(update=changes)


def rows(factor: float) -> list[ResultRow]:
    return [
        ResultRow(
            clip=clip.name, rate=rate, frames=90, bytes=1000, kbps=factor * 25 * (50 - rate), bpp=0.1, psnr_y=60 - rate,
            psnr_u=62 - rate, psnr_v=62 - rate, psnr_yuv=60.5 - rate, ssim=1 - rate / 300, vmaf=120 - 2 * rate,
            encode_seconds=9 * factor, decode_seconds=factor, encode_fps=10 / factor, decode_fps=90 / factor,
            bitstream_sha256="a" * 64, decoded_sha256="b" * 64, artifacts={"bitstream": "b.clb", "frames": "f.json"},
        )
        for clip in CLIPS
        for rate in RATES
    ]  # fmt: skip


def bd_rates(factor: float) -> dict[str, BDRate]:
    return {
        a.name: BDRate(percent=100 * factor - 100, per_clip={c.name: 100 * factor - 100 for c in CLIPS})
        for a in CATALOGUE
    }


def audit(n: int) -> Audit:
    names = ("deterministic", "bitstream_matters", "fresh_clip", "library_codec", "code_size")
    badges = [Badge(name=name, verdict="good", text="As it should be. " * 8, evidence={"seed": n}) for name in names]
    return Audit(at="2026-01-01T00:00:00Z", badges=badges)
