"""The first experiments prove the system, and every miss is said. The agent and CloudFront stand in; S3 and the table are moto's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpu_agent.models import Experiment, Failure, Status
from gpu_agent.store import ExperimentStore
from gpu_agent.store.aws.experiments import DynamoExperiments
from infra.deploy import boxes as onto_boxes
from infra.deploy import first, steps
from infra.launcher.terminal import Problem

from .conftest import BUCKETS, TestedAws, succeed

Outcome = Callable[[ExperimentStore, Experiment], None]


@pytest.fixture
def deployed(made, dashboard) -> TestedAws:
    made.set_parameter("dashboard/address", dashboard)
    onto_boxes.deploy(made, steps.ROOT, "worker")
    return made


@pytest.fixture
def agent(monkeypatch) -> Callable[[Outcome], None]:
    """Stands for the worker's agent: each time it is asked for a record that waits, it claims and finishes it."""
    real = DynamoExperiments.get

    def put(outcome: Outcome) -> None:
        def get(store, experiment_id):
            record = real(store, experiment_id)
            if record and record.status == "queued" and (lease := store.claim(experiment_id, "worker", 60)):
                record = real(store, experiment_id)
                outcome(store, record)
                store.save(record, lease)
                record = real(store, experiment_id)
            return record

        monkeypatch.setattr(DynamoExperiments, "get", get)

    return put


def test_two_starters_prove_the_system_in_one_table(deployed, agent, capsys):
    agent(succeed)
    found = first.run(deployed, steps.ROOT)
    printed = capsys.readouterr().out
    assert [record.origin.starter for record in found] == list(first.STARTERS)
    assert len({record.code_sha256 for record in found}) == 2
    table = printed.split("  experiment ")[1].splitlines()[1:3]
    for starter, line, record in zip(first.STARTERS, table, found, strict=True):
        size = f"{len(record.code.encode()) / 1000:.1f}"
        assert line.split() == [starter, "37.50", "dB", "0.9500", size, "kB", "0.4", "kB", "shows", "it"]
        assert f"/experiment/{record.id}" in printed


def only_second(outcome: Outcome) -> Outcome:
    """The first comes out well, so that the table is shown with the second's miss in it."""

    def both(store: ExperimentStore, record: Experiment) -> None:
        (outcome if record.origin.starter == first.STARTERS[1] else succeed)(store, record)

    return both


def fails(store, record):
    record.status, record.error = Status.FAILED, Failure(category="sandbox", message="no namespaces")


def measures_nothing(store, record):
    record.status, record.results = Status.SUCCEEDED, []


def other_code(store, record):
    succeed(store, record)
    store.artifacts.put_bytes(f"code/{record.code_sha256}.py", b"something else")


def no_preview(store, record):
    succeed(store, record)
    store.artifacts.s3.delete_object(Bucket=BUCKETS[0], Key=f"media/{record.id}/carphone/r22/preview.mp4")


MISSES = {
    "failed: sandbox: no namespaces": fails,
    "without a single measured point": measures_nothing,
    "25.00 dB Y-PSNR, not more than 25": lambda store, record: succeed(store, record, psnr_y=25.0),
    "an SSIM of 0.8500, not more than 0.85": lambda store, record: succeed(store, record, ssim=0.85),
    "an SSIM of –, not more than 0.85": lambda store, record: succeed(store, record, ssim=None),
    "preview in S3 is no MP4": lambda store, record: succeed(store, record, film=b""),
    "there is no preview in S3": no_preview,
    "code in S3 is not the one": other_code,
}


@pytest.mark.parametrize("told", MISSES)
def test_every_miss_is_said_after_the_table(deployed, agent, capsys, told):
    agent(only_second(MISSES[told]))
    with pytest.raises(Problem) as raised:
        first.run(deployed, steps.ROOT)
    sentences = str(raised.value).splitlines()[1:]
    assert any(told in sentence for sentence in sentences)
    assert all(sentence.startswith(f"  {first.STARTERS[1]}: ") for sentence in sentences)
    assert f"  {first.STARTERS[0]}" in capsys.readouterr().out.split("  experiment ")[1]


def test_a_dashboard_that_does_not_show_them_is_a_miss(deployed, agent, monkeypatch):
    agent(succeed)
    monkeypatch.setenv("TABLE", "elsewhere")
    with pytest.raises(Problem) as raised:
        first.run(deployed, steps.ROOT)
    for starter in first.STARTERS:
        assert f"{starter}: the dashboard answers / with 503" in str(raised.value)


def test_a_dashboard_that_gives_other_files_than_s3_has_is_a_miss(deployed, agent, monkeypatch):
    agent(succeed)
    asked = first.proof.asked
    changed = lambda url: (200, b"cut") if url.endswith(".mp4") else asked(url)
    monkeypatch.setattr(first.proof, "asked", changed)
    with pytest.raises(Problem, match=r"preview.mp4 is not what S3 has"):
        first.run(deployed, steps.ROOT)


def test_nobody_behind_the_address_is_a_miss(deployed, agent):
    agent(succeed)
    deployed.set_parameter("dashboard/address", "http://127.0.0.1:9")
    with pytest.raises(Problem, match=r"the dashboard answers / with .*refused"):
        first.run(deployed, steps.ROOT)


def test_the_first_experiment_that_nobody_takes_is_said(deployed, monkeypatch):
    monkeypatch.setattr(first, "MINUTES", 0)
    with pytest.raises(Problem, match="no agent takes it"):
        first.run(deployed, steps.ROOT)


def test_the_first_experiment_needs_a_deployed_worker(made):
    with pytest.raises(Problem, match="deploy worker first"):
        first.run(made, steps.ROOT)
