"""A finished experiment in a local store, with the artifacts that a run leaves, and its archive."""

from __future__ import annotations

import hashlib
import io
import json
from fractions import Fraction
from pathlib import Path

import pytest

from gpu_agent.archive import write_archive
from gpu_agent.bitstream import BitstreamWriter
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.models import ClipRef, Experiment, Progress, Status
from gpu_agent.store.blind import LocalBlind
from gpu_agent.store.folder import FolderArtifacts
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment, row


class Home:
    """A lab's stores in one folder."""

    def __init__(self, folder: Path):
        self.store = LocalExperiments(folder / "lab.db")
        self.blind = LocalBlind(folder / "lab.db")
        self.artifacts = FolderArtifacts(folder / "artifacts", folder / "cache" / "artifacts")

    def archive(self, record: Experiment) -> bytes:
        out = io.BytesIO()
        write_archive(record, self.store.events(record.id), self.blind.of_experiment(record.id), self.artifacts, out)
        return out.getvalue()


def bitstream(packets: int = 8) -> bytes:
    out = io.BytesIO()
    writer = BitstreamWriter(out, VideoInfo(176, 144, 8, Fraction(25)))
    for n in range(packets):
        writer.write(bytes([n]) * 40)
    return out.getvalue()


def rated(data: bytes) -> dict:
    """What a point of carphone says of its bitstream."""
    size = len(data)
    figures = {"kbps": size * 8 * 25 / 8 / 1000, "bpp": size * 8 / (176 * 144 * 8)}
    return {"bytes": size, "bitstream_sha256": hashlib.sha256(data).hexdigest()} | figures


def put(home: Home, **changes) -> Experiment:
    """A run of two points on one clip, as the road stores it."""
    clips = [ClipRef(name="carphone", sha256="0" * 64, width=176, height=144, frames=8, fps="25")]
    rows, base = [], "carphone/r{}"
    record = experiment(
        clips=clips, status=Status.SUCCEEDED, log="said <b>\n", environment={"python": "3.12"}, **changes
    )
    for rate in (22, 32):
        data, at = bitstream(rate), base.format(rate)
        files = {"bitstream": f"{at}/bitstream.clb", "frames": f"{at}/frames.json", "worst": f"{at}/worst.json"}
        files |= {"perceptual": f"{at}/perceptual.json"}
        files |= {"decoded": f"{at}/decoded.yuv", "preview": f"{at}/preview.mp4"}
        for path, content in (
            (files["bitstream"], data),
            (files["frames"], b'{"psnr_y": [1.0]}'),
            (files["worst"], b"[]"),
            (files["perceptual"], b'{"vmaf": [91.5]}'),
        ):
            home.artifacts.put_bytes(f"{record.id}/{path}", content)
        home.artifacts.put_bytes(f"{record.id}/{files['preview']}", b"video", droppable=True)
        rows.append(row(rate=rate, **rated(data), artifacts=files))
    record = record.model_copy(update={"results": rows})
    assert home.store.create(record)
    home.store.add_event(record.id, "stage", "encoding", Progress(stage="encode"))
    home.store.add_event(record.id, "log", "done")
    return record


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "here")


@pytest.fixture
def other(tmp_path) -> Home:
    return Home(tmp_path / "there")


@pytest.fixture
def record(home) -> Experiment:
    return put(home)


@pytest.fixture
def zipped(home, record, tmp_path) -> Path:
    path = tmp_path / "archive.zip"
    path.write_bytes(home.archive(record))
    return path


def manifest_of(files: dict[str, bytes], archive_id: str, missing=()) -> bytes:
    listed = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()}
    found = {"format": "codec-lab-experiment/1", "id": archive_id, "files": listed, "missing": list(missing)}
    return json.dumps(found).encode()
