"""The real deployment against moto, with boxes that can be told what they answer.

moto reports every Run Command as a success and knows no SSM agents, no quotas of EC2, and no limits of Lambda; those
five calls are answered here, by boxes that install what they are told as the boot script does.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from infra.deploy import preflight, wheels
from infra.deploy.aws import Aws
from tests.infra.conftest import IMAGE, REGION

from . import shims

UBUNTU = preflight.IMAGES["worker"]


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
