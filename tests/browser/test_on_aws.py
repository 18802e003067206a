"""The whole system on AWS (moto's server over real HTTP): lab, agent, buckets, table, dashboard, admin API.

A lab that runs at home is moved there first, by variables alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from app.agent_client import AgentClient
from gpu_agent.models import Experiment, Status
from tests.gpu_agent.live import tiny_clip, upload
from tests.stubs import aws, lambdas
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401

from .programs import Lab, wait_for
from .steps import new_run, ready, results, table_rows

pytestmark = pytest.mark.browser
IMAGE = "ami-12c6146b"
"""One of the images that moto knows."""


@pytest.fixture
def moved(chromium, aws_settings, tmp_path):  # noqa: F811
    """A lab at home with a clip and a draft of its own, running; then the same lab on AWS, its worker stopped."""
    ec2 = aws.client("ec2", aws_settings.aws_endpoint_url)
    worker = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[worker])
    lab = Lab(tmp_path, claude=False)
    try:
        lab.start()
        agent = AgentClient(lab.agent.url.removesuffix("/health"), lambda: (lab.data / "token").read_text().strip())
        upload(agent, tiny_clip(tmp_path, size=64))
        draft = lab.draft("", clips=["tiny"], frames=None, rates="27 37", title="From the lab")
        started = [program.arguments for program in lab.programs]
        lab.move(aws_settings, aws.CREDENTIALS | {"CODEC_LAB_WORKER_INSTANCE": worker})
        assert [program.arguments for program in lab.programs] == started
        lab.app.start()
        lab.app.wait()
        yield lab, draft
    finally:
        lab.stop()


@pytest.fixture
def functions(aws_settings, monkeypatch):  # noqa: F811
    """The environment that lambda.yaml gives them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", aws_settings.aws_region)
    monkeypatch.setenv("TABLE", aws_settings.dynamodb_table)
    monkeypatch.setenv("ENDPOINT", aws_settings.aws_endpoint_url)
    monkeypatch.setenv("WORKER_ID", "i-0123456789abcdef0")


def test_dispatched_in_the_lab_shown_by_the_dashboard_rerun_by_the_admin_api(
    moved,
    functions,
    aws_settings,  # noqa: F811
    open_page,
):
    lab, draft = moved
    page = open_page(lab, f"/?draft={draft}")
    ready(page)
    fetched = []
    page.on("response", lambda r: fetched.append(r))
    page.get_by_role("button", name="Starters").click()
    page.get_by_text("Intra DCT").click()
    page.get_by_text("Keeps the contract").first.wait_for()
    page.get_by_role("button", name="Dispatch").click()
    run = new_run(lab, draft, None)
    page.get_by_text("The worker is stopped.").first.wait_for()
    page.get_by_text("Queued: next in line.").first.wait_for()
    page.get_by_role("button", name="Start the worker").last.click()
    page.get_by_text("its agent is starting").first.wait_for()
    lab.agent.start()  # as systemd does on the machine
    page.get_by_text("Agent running").or_(page.get_by_text("Agent idle")).first.wait_for()
    first = lab.ended(run)
    assert first.status is Status.SUCCEEDED, f"{first.error} {first.log}"
    assert [r.rate for r in first.results] == [27, 37]

    results(page)
    plays_from_the_bucket(page, first, fetched, aws_settings)
    shown_on_the_dashboard(open_page, first, aws_settings)

    asked = {"action": "rerun", "experiment_id": first.id, "idempotency_key": "whole-system", "actor": "tests"}
    answer = lambdas.load("admin_api").handler(asked, SimpleNamespace(aws_request_id="r"))
    assert answer["ok"], answer
    page.goto(f"{lab.url}/experiments")
    wait_for(lambda: [r.count("✓ succeeded") for r in table_rows(page)] == [1, 1], "the rerun's end in the list", 60)
    page.goto(f"{lab.url}/experiment?id={answer['result']['experiment_id']}")
    page.get_by_text("Same bitstreams as").first.wait_for()


def plays_from_the_bucket(page, record: Experiment, fetched: list, home) -> None:
    """Both videos move, each loaded from an address of S3 that the lab's own route redirected to."""
    page.locator(".player").focus()
    page.keyboard.press("Space")
    page.wait_for_function("[...document.querySelectorAll('.player video')].every((v) => v.currentTime > 0.1)")
    keys = {f"clips/{record.clips[0].sha256}/preview.mp4"}
    keys |= {
        f"{record.id}/{record.results[0].artifacts['preview']}",
        f"{record.id}/{record.results[1].artifacts['preview']}",
    }
    bucket = f"{home.aws_endpoint_url}/{home.videos_bucket}/media/"
    loaded = {r.url.split("?")[0].removeprefix(bucket): r for r in fetched if r.url.startswith(bucket)}
    assert len(loaded) == 2
    assert loaded.keys() <= keys
    for response in loaded.values():
        assert response.status in (200, 206)
        assert int(parse_qs(urlsplit(response.url).query)["X-Amz-Expires"][0]) <= 3600
        assert urlsplit(response.request.redirected_from.url).path.startswith("/artifacts/")


def shown_on_the_dashboard(open_page, record: Experiment, home) -> None:
    s3 = aws.client("s3", home.aws_endpoint_url)
    function = lambdas.load("dashboard_ssr")
    with lambdas.distribution(function, s3, home.videos_bucket, home.decoders_bucket) as url:
        page = open_page(SimpleNamespace(url=url))
        page.get_by_role("link", name="From the lab").click()
        best = max(record.results, key=lambda r: r.psnr_y)
        page.get_by_role("cell", name=f"{best.psnr_y:.2f}").first.wait_for()
        page.wait_for_load_state("domcontentloaded")
        assert page.locator("svg circle").count() == 2
        page.evaluate("document.querySelectorAll('video').forEach((v) => { v.muted = true; v.play(); })")
        moves = "[...document.querySelectorAll('video')].map((v) => v.currentTime > 0.1)"
        wait_for(
            lambda: page.evaluate(moves) == [True, True], "source and decoded video to play", 30
        )  # no script: polled
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        code = page.request.get(url + page.get_by_role("link", name="download").get_attribute("href"))
        assert code.text() == record.code
