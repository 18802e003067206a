"""A small lab: a clip of a few frames, a jail, and experiments that really ran on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpu_agent.anchors import CATALOGUE, AnchorCurve, compute_curve
from gpu_agent.audit import audit
from gpu_agent.audit.bench import Bench
from gpu_agent.audit.fresh import INFO, FreshClip, make
from gpu_agent.clips import ClipError
from gpu_agent.codec_kit import VideoInfo
from gpu_agent.jail import Jail
from gpu_agent.models import Audit, Badge, Clip, Experiment, ExperimentRequest, Limits, Status
from gpu_agent.road.freeze import freeze
from gpu_agent.road.tools import Tools
from gpu_agent.road.walk import Walk
from gpu_agent.settings import AgentSettings
from gpu_agent.store.folder import FolderArtifacts

LIMITS = Limits(start_seconds=20, wall_seconds=20, memory_mb=512, processes=64, bitstream_mb=4, tmp_mb=4)
FRAMES = 6
PREVIOUS = """
import zlib
import numpy as np
from codec_kit import Frame

RATES = (4, 8, 16, 32)

def flat(frame):
    return np.concatenate([plane.ravel() for plane in frame]).astype(np.int16)

def planes(known, info):
    out, n = known.astype(np.uint8), info.width * info.height
    return Frame(out[:n].reshape(info.luma_shape), out[n:n * 5 // 4].reshape(info.chroma_shape), out[n * 5 // 4:].reshape(info.chroma_shape))

def encode(video, rate):
    known = np.zeros(video.info.frame_bytes, np.int16)
    for frame in video:
        levels = np.round((flat(frame) - known) / rate).astype(np.int16)
        known = np.clip(known + levels * rate, 0, 255)
        yield bytes([rate]) + zlib.compress(levels.tobytes(), 9)

def decode(packets, info):
    known = np.zeros(info.frame_bytes, np.int16)
    for packet in packets:
        known = np.clip(known + np.frombuffer(zlib.decompress(packet[1:]), np.int16) * packet[0], 0, 255)
        yield planes(known, info)
"""
"""An honest codec; others are made from it by changing a line."""


class QuickJail(Jail):
    """Nothing is ranked here, and forgetting what was read takes a second for each point."""

    def normalise_page_cache(self) -> None:
        pass


class Silent:
    """A reporter that nobody reads."""

    def progress(self, progress) -> None:
        pass

    def event(self, kind, message, progress=None) -> None:
        pass

    def save(self, experiment) -> None:
        pass


class OneClip:
    """A catalogue of a single rendered clip."""

    def __init__(self, fresh: FreshClip):
        self.clip, self.path = fresh.clip.model_copy(update={"name": "small", "frames": FRAMES}), fresh.planes

    def get(self, name: str) -> Clip:
        if name != "small":
            raise ClipError(f"There is no clip named {name}.")
        return self.clip

    def planes(self, clip: Clip, **_) -> Path:
        return self.path


@dataclass
class Lab:
    tools: Tools
    folder: Path
    curves: dict[str, AnchorCurve] = field(default_factory=dict)

    @property
    def clip(self) -> Clip:
        return self.tools.catalogue.get("small")

    def run(self, code: str, rates: list | None = None) -> Experiment:
        """Walk the road with this code. Fails the test where the codec does."""
        request = ExperimentRequest(code=code, rates=rates, limits=LIMITS)
        record = Walk(self.tools, freeze(request, [self.clip.ref()]), Silent(), threading.Event()).run()
        assert record.status is Status.SUCCEEDED, record.error
        return record

    def curve(self, sha256: str, frames: int, anchor: str) -> AnchorCurve | None:
        """An anchor on the small clip, measured once; SVT-AV1 preset 4 is left out, as it comes last."""
        if anchor == "svtav1-4":
            return None
        if anchor not in self.curves:
            known = next(a for a in CATALOGUE if a.name == anchor)
            known = known._replace(rates=known.rates[::2])
            self.curves[anchor] = compute_curve(known, self.tools.catalogue.path, self.clip, self.folder / "anchors")
        return self.curves[anchor]

    def audit(self, experiment: Experiment, **more) -> Audit:
        return audit(self.tools, experiment, self.curve, threading.Event(), **({"seed": 7} | more))

    def bench(self, experiment: Experiment, seed: int = 7, cancel: threading.Event | None = None) -> Bench:
        folder = self.folder / f"bench-{experiment.id}"
        folder.mkdir(exist_ok=True)
        return Bench(self.tools, experiment, folder, seed, cancel or threading.Event(), self.curve)


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    jail = QuickJail()
    status = jail.status()
    if not status.available:
        pytest.skip(f"the jail cannot run here, so no audit was tested: {status.message}")
    settings = AgentSettings(data=folder, disk_floor_gb=0)
    artifacts = FolderArtifacts(settings.artifacts, settings.cache / "artifacts")
    catalogue = OneClip(make(1, folder))
    catalogue.path.chmod(0o644)
    return Lab(Tools(settings, jail, catalogue, artifacts, previews=False), folder)


@pytest.fixture(scope="session")
def honest(lab: Lab) -> Experiment:
    return lab.run(PREVIOUS)


@pytest.fixture(scope="session")
def audited(lab: Lab, honest: Experiment) -> Audit:
    return lab.audit(honest)


def badge(audit: Audit, name: str) -> Badge:
    return next(b for b in audit.badges if b.name == name)


def source_bytes(lab: Lab) -> bytes:
    """All frames of the small clip, as a cheat would embed them."""
    size = VideoInfo(INFO.width, INFO.height, FRAMES, INFO.fps).frame_bytes * FRAMES
    return lab.tools.catalogue.path.read_bytes()[:size]
