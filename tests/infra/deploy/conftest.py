"""The real deployment against moto, with boxes that can be told what they answer.

moto reports every Run Command as a success and knows no SSM agents, no quotas of EC2, and no limits of Lambda; those
five calls are answered here, by boxes that install what they are told as the boot script does.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from gpu_agent.models import Experiment, Status
from gpu_agent.store import ExperimentStore
from gpu_agent.store.aws import schema
from infra.deploy import preflight, wheels
from infra.deploy.aws import Aws
from tests.gpu_agent.factory import row
from tests.infra.conftest import ACCOUNT, IMAGE, REGION
from tests.stubs import lambdas

from . import shims

UBUNTU = preflight.IMAGES["worker"]
MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 400
BUCKETS = [f"v3-{what}-{ACCOUNT}-{REGION}" for what in ("videos", "decoders")]


class Boxes:
    """What SSM reaches. `installs`: what a box has; `fails`, `lies`: the failures to inject."""

    def __init__(self, aws) -> None:
        self.aws = aws
        self.installed: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.fails: str | None = None
        self.lies: str | None = None
        self.sandbox: dict[str, Any] = {"available": True, "level": "full"}
        self.answers: dict[str, dict[str, Any]] = {}
        self.asked_too_early: set[str] = set()
        self.delay = 1

    def send(self, box: str, commands: list[str]) -> str:
        self.commands.append(commands)
        command = f"00000000-0000-0000-0000-{len(self.commands):012}"
        self.answers[command] = self.answer(box, commands[-1]) | {"left": self.delay}
        return command

    def answer(self, box: str, line: str) -> dict[str, Any]:
        if "codec-lab-boot" in line:
            if self.fails:
                return {"Status": "Failed", "ResponseCode": 1, "StandardErrorContent": self.fails}
            self.installed[box] = self.build_of(line.split()[-1])
            return {"Status": "Success", "ResponseCode": 0, "StandardOutputContent": "runs\n"}
        if "/health" in line:
            build = self.lies or self.installed.get(box)
            text = f'{{"build": "{build}", "sandbox": {str(self.sandbox).replace(chr(39), chr(34)).replace("True", "true").replace("False", "false")}}}'
            return {"Status": "Success", "ResponseCode": 0, "StandardOutputContent": text}
        return {"Status": "Success", "ResponseCode": 0, "StandardOutputContent": ""}

    def build_of(self, release: str) -> str:
        """As the box: brings the archive from S3, checks its hash, reads BUILD in it."""
        import hashlib
        import io
        import tarfile

        s3 = self.aws.client("s3")
        bucket = next(b["Name"] for b in s3.list_buckets()["Buckets"] if "-releases-" in b["Name"])
        for role in ("worker", "orchestrator"):
            key = f"{role}/{release}.tar.gz"
            if s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
                data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                assert hashlib.sha256(data).hexdigest() == release
                return tarfile.open(fileobj=io.BytesIO(data)).extractfile("BUILD").read().decode()
        raise AssertionError(f"{release} was never uploaded")


class TestedAws(Aws):
    """Calls go to moto, but for those that `Boxes` answers. `calls` tells them all; `errors` are raised instead."""

    __test__ = False

    def __init__(self, server, boxes: Boxes, **options: Any) -> None:
        super().__init__(REGION, endpoint=server.url, tick=0, **options)
        self.boxes = boxes
        self.calls: list[str] = []
        self.quota = 8.0
        self.errors: dict[str, Exception] = {}

    def _call(self, service: str, operation: str, call: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(f"{service}.{operation}")
        if error := self.errors.get(operation):
            raise error
        match operation:
            case "get_service_quota":
                return {"Quota": {"Value": self.quota}}
            case "get_account_settings":
                return {"AccountLimit": {"ConcurrentExecutions": 1000}}
            case "describe_instance_information":
                return {"InstanceInformationList": [{"PingStatus": "Online"}]}
            case "send_command":
                sent = self.boxes.send(call["InstanceIds"][0], call["Parameters"]["commands"])
                return {"Command": {"CommandId": sent}}
            case "get_command_invocation":
                found = self.boxes.answers[call["CommandId"]]
                found["left"] -= 1
                return copy.copy(found) if found["left"] < 0 else {"Status": "InProgress"}
        return super()._call(service, operation, call)


@pytest.fixture
def account(aws, monkeypatch, tmp_path):
    """An account as a person has it: AWS's public image parameters, nothing of the lab. pip is not asked for gigabytes."""
    from moto.ssm.models import Parameter, ssm_backends

    shims.install(monkeypatch)
    backend = ssm_backends["123456789012"][REGION]
    facts = {
        "account_id": "123456789012",
        "name": UBUNTU,
        "value": IMAGE,
        "parameter_type": "String",
        "description": "",
        "allowed_pattern": None,
        "keyid": None,
        "last_modified_date": 0,
        "version": 1,
        "data_type": "text",
    }
    backend._parameters[UBUNTU].append(Parameter(**facts))
    monkeypatch.setattr(wheels, "download", lambda pins, python, house: (house / f"pip-{python}.whl").write_text(pins))
    monkeypatch.setattr(wheels, "bubblewrap", lambda house: (house / "bubblewrap_0.9.0.deb").write_bytes(b"deb"))
    return aws


@pytest.fixture
def boxes(account) -> Boxes:
    return Boxes(account)


@pytest.fixture
def deployment(account, boxes) -> TestedAws:
    return TestedAws(account, boxes)


@pytest.fixture
def made(account, deployment) -> TestedAws:
    """What the stacks leave behind as far as a box's deployment sees it; the stacks themselves are tested above."""
    image = deployment.any_parameter(UBUNTU)
    for role in ("worker", "orchestrator"):
        box = account.client("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
        deployment.set_parameter(f"{role}/instance", box["InstanceId"])
    for what in ("videos", "decoders", "releases"):
        account.client("s3").create_bucket(Bucket=deployment.bucket(what))
        deployment.set_parameter(f"storage/{what}", deployment.bucket(what))
    account.client("dynamodb").create_table(TableName="v3-experiments", **schema.TABLE)
    deployment.set_parameter("database/table", "v3-experiments")
    deployment.set_parameter("dashboard/address", "https://d.cloudfront.net")
    return deployment


@pytest.fixture
def dashboard(account, monkeypatch) -> Iterator[str]:
    """The address of the dashboard, as CloudFront before it answers."""
    monkeypatch.setenv("TABLE", "v3-experiments")
    monkeypatch.setenv("ENDPOINT", account.url)
    with lambdas.distribution(lambdas.load("dashboard_ssr"), account.client("s3"), *BUCKETS) as address:
        yield address


def succeed(store: ExperimentStore, record: Experiment, film: bytes = MP4, **changes) -> None:
    """What the agent does with a run that comes out well; `changes` of its best point."""
    preview = "carphone/r22/preview.mp4"
    best = row("carphone", 22, artifacts={"preview": preview}, **changes)
    record.status, record.results = Status.SUCCEEDED, [best, row("carphone", 27, kbps=12.5, psnr_y=21.0, ssim=0.7)]
    store.artifacts.put_bytes(f"{record.id}/{preview}", film, droppable=True)
