"""The whole agent and the lab's services on AWS: nothing but the configuration says so."""

import shutil

import pytest

from app.services import open_services
from app.settings import AppSettings
from gpu_agent.anchors import AnchorCurve, anchor_named, planes_of_clip, point_key
from gpu_agent.anchors.point import measure_point
from gpu_agent.measure.ffmpeg import executable
from gpu_agent.models import Status
from gpu_agent.road.ladders import curve_key
from gpu_agent.store import Query
from tests.gpu_agent.live import ask, client_of, finished, live_agent, run, start, tiny_clip, upload
from tests.stubs import aws

pytestmark = pytest.mark.jail


@pytest.fixture
def variables(aws_settings, monkeypatch):
    """The home as a person configures it, for both programs."""
    chosen = {
        "STORE": "aws",
        "AWS_REGION": aws_settings.aws_region,
        "AWS_ENDPOINT_URL": aws_settings.aws_endpoint_url,
        "DYNAMODB_TABLE": aws_settings.dynamodb_table,
        "VIDEOS_BUCKET": aws_settings.videos_bucket,
        "DECODERS_BUCKET": aws_settings.decoders_bucket,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"CODEC_LAB_{name}", value)


@pytest.fixture
def agent(variables, tmp_path):
    with live_agent(tmp_path / "agent") as agent:
        status = agent.tools.jail.status()
        if not status.available:
            pytest.skip(f"the jail cannot run here: {status.message}")
        upload(client_of(agent), tiny_clip(tmp_path))
        yield agent


def keys(settings, bucket: str) -> set[str]:
    found = aws.client("s3", settings.aws_endpoint_url).list_objects_v2(Bucket=bucket)
    return {item["Key"] for item in found.get("Contents", [])}


def test_a_run_lies_in_the_table_and_the_buckets_and_runs_again(agent, aws_settings, items, tmp_path):
    client = client_of(agent)
    record = run(client, rates=(4,))
    assert (record.status, record.error) == (Status.SUCCEEDED, None)

    # The agent's folder holds no record and no kept file: they are in the table and the buckets.
    assert not agent.settings.database.exists()
    assert not agent.settings.artifacts.exists()
    sorts = [sort.partition("#")[0] for sort in items(record.id)]
    assert (sorts.count("META"), sorts.count("BODY"), sorts.count("POINT"), sorts.count("BEST")) == (1, 1, 1, 1)
    base = f"{record.id}/tiny"
    decoders = {f"{base}/r4/{name}" for name in ("bitstream.clb", "frames.json")}
    assert keys(aws_settings, aws_settings.decoders_bucket) >= decoders | {f"code/{record.code_sha256}.py"}
    videos = {f"media/{base}/r4/preview.mp4", f"media/clips/{record.clips[0].sha256}/preview.mp4"}
    there = keys(aws_settings, aws_settings.videos_bucket)
    pictures = {key for key in there if key.startswith(f"media/{base}/r4/worst/") and key.endswith(".png")}
    assert there == videos | pictures
    assert len(pictures) == 5

    # Without the cache, bitstream and preview come from S3 again, and the decoded planes from the bitstream.
    shutil.rmtree(agent.settings.cache / "artifacts")
    for path in ("r4/bitstream.clb", "r4/preview.mp4"):
        settings = aws_settings
        home = (settings.videos_bucket, "media/") if path.endswith("mp4") else (settings.decoders_bucket, "")
        found = aws.client("s3", settings.aws_endpoint_url).get_object(Bucket=home[0], Key=f"{home[1]}{base}/{path}")
        stored = found["Body"].read()
        answer = ask(agent, "GET", f"/artifacts/{base}/{path}")
        assert (answer.status, answer.body == stored, len(stored) > 20) == (200, True, True)
    assert ask(agent, "GET", f"/artifacts/{base}/r4/frames/1/decoded.png").status == 200

    again = finished(client, client.rerun(record.id).id)
    assert again.summary.reproduction.same is True

    # The lab on another machine reads the same.
    lab = open_services(AppSettings(data=tmp_path / "lab", agent_url=agent.url, token=agent.token))
    assert [e.id for e in lab.store.page(Query()).items] == [again.id, record.id]
    assert lab.store.get(record.id) == record
    found = lab.artifacts.local(f"{base}/r4/frames.json")
    assert found.is_relative_to(tmp_path / "lab")
    assert lab.artifacts.url(f"{base}/r4/preview.mp4") is not None
    lab.store.annotate(record.id, notes="seen on the other machine")
    assert client.get(record.id).notes == "seen on the other machine"


def test_an_anchor_s_pictures_lie_in_the_bucket_and_come_back_from_there(agent, aws_settings, tmp_path):
    clip, anchor = agent.tools.catalogue.get("tiny"), anchor_named("mpeg4")
    planes = planes_of_clip(clip, agent.tools.catalogue.planes(clip), 8)
    point = measure_point(anchor, 5, planes, tmp_path, ffmpeg=executable()).point
    curve = AnchorCurve(
        anchor="mpeg4", label="", clip="tiny", clip_sha256=clip.sha256, frames=8, rates=[5], points=[point]
    )
    agent.tools.artifacts.put_bytes(curve_key(clip.sha256, 8, "mpeg4"), curve.model_dump_json().encode())
    base = point_key(clip.sha256, 8, "mpeg4", point)
    files = ("preview.mp4", "frames.json", "frames/3/decoded.png")
    before = [ask(agent, "GET", f"/artifacts/{base}/{name}") for name in files]
    assert [answer.status for answer in before] == [200, 200, 200]
    there = keys(aws_settings, aws_settings.videos_bucket)
    assert {f"media/{base}/{name}" for name in (*files[:2], "stream.m4v")} <= there
    assert not any(key.endswith(".yuv") for key in there)
    lab = open_services(AppSettings(data=tmp_path / "lab", agent_url=agent.url, token=agent.token))
    assert lab.artifacts.url(f"{base}/preview.mp4") is not None
    shutil.rmtree(agent.settings.cache / "artifacts")
    assert [ask(agent, "GET", f"/artifacts/{base}/{name}").body for name in files] == [a.body for a in before]


def test_an_agent_that_ends_puts_its_run_back_and_another_machine_takes_it(variables, aws_settings, tmp_path):
    with live_agent(tmp_path / "first", jail=False) as first:
        upload(client_of(first), tiny_clip(tmp_path))
        waiting = start(client_of(first))
    with live_agent(tmp_path / "second", jail=False) as second:  # it has the clip before it looks for work
        upload(client_of(second), tiny_clip(tmp_path))
    with live_agent(tmp_path / "second") as second:
        if not second.tools.jail.status().available:
            pytest.skip("the jail cannot run here")
        assert finished(client_of(second), waiting.id).status is Status.SUCCEEDED
