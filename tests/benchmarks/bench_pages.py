"""How soon the pages can be used with 10,000 experiments in the store: from the address to a page that is drawn and idle,
on the browser's own clock.

The comparison, the leaderboard and an experiment draw what is below the first screen after it; when that stands too is a
line of its own, without a bound.

The lab runs as it does for a person, in a process of its own. Chromium loads each page as a browser that was never here
and, below, as one that was: it has the scripts and loads everything else anew. The reference is the same lab with twenty
experiments, in the same run. Seconds say little on a machine that is busy with something else, so
the processor's time of each page's script stands beside them.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock
from urllib.parse import urlencode

import streamlit as st
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from streamlit.testing.v1 import AppTest

from app.server import ENTRY
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
ROUNDS = 3
CLIPS = [
    ClipRef(name=name, sha256=name[0] * 64, width=352, height=288, frames=90, fps="25")
    for name in ("carphone", "bikes")
]
RATES = (22, 27, 32, 37)
BELOW = "all that is below too"
FRONT = "lab"
"""The page without a path."""
EDITOR = ".cm-content"
TABLE = "[data-testid=stDataFrame] canvas"
CHART = "[data-testid=stPlotlyChart] .main-svg"
WATCH = """
(wanted) => {
  window.drawnAt = wanted.map(() => null);
  const there = (what) => document.querySelector(what) !== null;
  const inside = (what) => [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .some((component) => component.shadowRoot?.querySelector(what));
  const look = () => {
    const idle = there("[data-testid=stApp][data-test-script-state=notRunning]") && !there("[data-testid=stSkeleton]");
    if (idle) wanted.forEach((what, n) => (drawnAt[n] ??= there(what) || inside(what) ? performance.now() : null));
    if (drawnAt.includes(null)) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
"""In the page: the frame at which each of the selectors is there, no script of the page runs, and no element waits for
its own."""


def run() -> list[Row]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="codec-lab-bench-") as name:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        taken = [times(browser, Path(name) / str(count), count) for count in (MANY, FEW)]
        browser.close()
    return [line(what, many, few) for (what, many), few in zip(taken[0].items(), taken[1].values())]


def line(what: str, many: float, few: float) -> Row:
    bounded = not what.endswith(BELOW)
    return Row(
        f"{what}, {MANY} experiments in the store",
        f"{many:.2f} s",
        f"{few:.2f} s with {FEW}",
        f"{many / few:.1f}x",
        f"≤ {MOST_SECONDS:g} s" if bounded else "",
        many <= MOST_SECONDS if bounded else None,
    )


def times(browser: Browser, folder: Path, count: int) -> dict[str, float]:
    """Median seconds by page. The first visit of each is not counted: it loads the modules of a lab just started."""
    folder.mkdir()
    with serving(folder, count) as lab:
        ids = [f"bench-{n:06d}" for n in range(count)]
        some = ",".join([*ids[-6:], "anchor:x264-medium", "anchor:x265-medium"])
        pages = (
            Page(FRONT, {}, EDITOR),
            Page("experiment", {"id": ids[-1]}, CHART, "[class*=st-key-zip-]"),
            Page("experiments", {}, TABLE),
            Page("compare", {"with": some}, CHART, "[class*=st-key-diff-before]"),
            Page("leaderboard", {}, TABLE, CHART),
            Page("lineage", {"of": ids[-1]}, CHART),
        )
        taken = {}
        for page in pages:
            first, again, below = seconds(browser, page, lab)
            taken |= {f"{page.name}, address to idle": first, f"{page.name}, the same browser again": again}
            if page.below is not None:
                taken[f"{page.name}, {BELOW}"] = below
        return taken | {f"{p.name}, processor time of its script": processor_seconds(p, lab) for p in pages}


class Page(NamedTuple):
    """CSS selectors. `there`: what is on it once its first screen is drawn; `below`: once all is, where that is later."""

    name: str
    query: dict[str, str]
    there: str
    below: str | None = None

    def url(self, lab: Lab) -> str:
        return f"{lab.url}/{'' if self.name == FRONT else self.name}?{urlencode(self.query)}"


def processor_seconds(page: Page, lab: Lab) -> float:
    """The least of a few first visits, in this process: modules are loaded, nothing of the page is."""
    with mock.patch.dict(os.environ, {"CODEC_LAB_DATA": str(lab.data), "CODEC_LAB_AGENT_URL": "http://127.0.0.1:9"}):
        taken = []
        for _ in range(1 + ROUNDS):
            st.cache_resource.clear()
            st.cache_data.clear()
            test = AppTest.from_file(str(ENTRY), default_timeout=120)
            for name, value in page.query.items():
                test.query_params[name] = value
            began = time.process_time()
            test.run() if page.name == FRONT else test.switch_page(f"app_pages/{page.name}.py").run()
            taken.append(time.process_time() - began)
        return min(taken)


def seconds(browser: Browser, page: Page, lab: Lab) -> tuple[float, float, float]:
    """Medians of first visits, each with an empty cache, of the visits that follow each, and of first visits to the end."""
    first, again = [], []
    for _ in range(1 + ROUNDS):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        first.append(visit(context, page, lab))
        again.append(visit(context, page, lab))
        context.close()
    drawn, whole = zip(*first[1:])
    return statistics.median(drawn), statistics.median(s for s, _ in again[1:]), statistics.median(whole)


def visit(context: BrowserContext, page: Page, lab: Lab) -> tuple[float, float]:
    """Seconds from the navigation's start, on the browser's clock, until the first screen is drawn and until all is."""
    tab = context.new_page()
    wanted = [what for what in (page.there, page.below) if what is not None]
    tab.add_init_script(f"({WATCH})({json.dumps(wanted)})")
    tab.goto(page.url(lab))
    drawn = tab.wait_for_function("drawnAt.every((t) => t !== null) && drawnAt", timeout=60_000).json_value()
    tab.close()
    return drawn[0] / 1000, drawn[-1] / 1000


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
