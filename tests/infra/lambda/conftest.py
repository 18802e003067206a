"""The functions loaded from their files as Lambda loads them, on a table that the lab's own store writes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gpu_agent.models import BDRate, ClipRef, Failure, Origin, PerceptualFigures, Status, Summary
from gpu_agent.store.aws import schema
from gpu_agent.store.aws.artifacts import S3Artifacts
from gpu_agent.store.aws.experiments import DynamoExperiments
from gpu_agent.store.aws.table import Table
from tests.gpu_agent.factory import experiment, row
from tests.stubs.lambdas import load, request

TABLE = "v3-experiments"


@pytest.fixture
def store(aws, tmp_path) -> DynamoExperiments:
    aws.client("dynamodb").create_table(TableName=TABLE, **schema.TABLE)
    s3 = aws.client("s3")
    for bucket in ("videos", "decoders"):
        s3.create_bucket(Bucket=bucket)
    return DynamoExperiments(Table(aws.client("dynamodb"), TABLE), S3Artifacts(s3, "videos", "decoders", tmp_path))


@pytest.fixture
def environment(aws, monkeypatch):
    monkeypatch.setenv("TABLE", TABLE)
    monkeypatch.setenv("ENDPOINT", aws.url)


@pytest.fixture
def dashboard(environment):
    module = load("dashboard_ssr")

    def get(path: str, method: str = "GET", **query):
        return module.handler(request(path, method, query), SimpleNamespace(aws_request_id="r"))

    get.module = module
    return get


TAKEN = ("title", "origin", "created_at", "id", "timing_runs", "hypothesis")


def finished(store: DynamoExperiments, **changes):
    """A succeeded experiment of two clips in the store, by the road that an agent takes."""
    clips = [
        ClipRef(name=name, sha256=c * 64, width=352, height=288, frames=60, fps="30")
        for name, c in (("carphone", "a"), ("parkjoy", "b"))
    ]
    e = experiment(clips=clips, **{k: v for k, v in changes.items() if k in TAKEN})
    assert store.create(e)
    lease = store.claim(e.id, "test", 60)
    e = store.get(e.id)
    e.results = [
        row(clip, rate, kbps=k, bytes=int(k * 250), psnr_y=p + shift, psnr_yuv=p + shift + 0.8, ssim=0.99 - rate / 500)
        for clip, shift in (("carphone", 0.0), ("parkjoy", -4.2))
        for rate, k, p in ((22, 1450.0, 41.3), (27, 720.5, 37.9), (32, 350.0, 34.6), (37, 168.0, 31.4))
    ]
    for r in e.results:
        r.artifacts = {"preview": f"{r.clip}/r{r.rate}/preview.mp4"}
    per_clip = changes.get("per_clip", {"carphone": 31.4, "parkjoy": -4.5})
    e.summary = Summary(
        clips=2,
        points=8,
        best_psnr_y=41.3,
        best_ssim=0.95,
        seconds=73.2,
        bd_rate={
            "x264-medium": BDRate(percent=changes.get("bd_rate", 13.4), per_clip=per_clip),
            "mjpeg": BDRate(percent=-62.1, per_clip={"carphone": -60.0, "parkjoy": -64.2}),
            "svtav1-8": BDRate(reason="the curves overlap on less than a quarter of the range"),
        },
    )
    e.sandbox = changes.get("sandbox", "full")
    e.status, e.finished_at = Status.SUCCEEDED, "2026-11-22T12:00:00.000000Z"
    assert store.save(e, lease)
    store.set_perceptual(e.id, [PerceptualFigures(clip="carphone", rate=27, vmaf=87.65)])
    return store.get(e.id)


def failed(store: DynamoExperiments, message: str, **changes):
    e = experiment(**changes)
    assert store.create(e)
    lease = store.claim(e.id, "test", 60)
    e = store.get(e.id)
    e.status, e.error = Status.FAILED, Failure(category="decode_error", message=message)
    e.origin = Origin(kind="claude", model="claude-opus-5-5")
    assert store.save(e, lease)
    return e
