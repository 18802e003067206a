"""A key for Claude that lies in a secret already: read there alone, written there, never deleted.

moto's CloudFormation makes no secrets (`shims.py`), so the deployment's own is made here, with the tag that AWS gives it.
"""

from __future__ import annotations

import ast
import io
import subprocess

import pytest

from infra.deploy import destroy, secret, stacks, steps
from infra.deploy.__main__ import main, parser, wishes
from infra.launcher.terminal import Problem
from tests.infra.conftest import REGION

THEIRS, OWN = "ai-video-codec-anthropic-key", "v3/anthropic-api-key"
MADE = [{"Key": secret.MAKER, "Value": "v3-storage"}]
CONFIGURE = steps.ROOT / "infra" / "boxes" / "configure"


@pytest.fixture
def theirs(account) -> str:
    """The ARN of a secret that was there before."""
    return account.client("secretsmanager").create_secret(Name=THEIRS, SecretString="sk-before")["ARN"]


def secrets_left(account) -> set[str]:
    return {s["Name"] for s in account.client("secretsmanager").list_secrets()["SecretList"]}


def resources_of(account, stack: str) -> set[str]:
    found = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {r.get("LogicalResourceId") for r in found}


def test_the_role_may_read_the_named_secret_alone_and_no_other_is_made(account, deployment, theirs):
    steps.infrastructure(deployment, wishes(parser().parse_args(["--secret", THEIRS])))
    assert deployment.parameter("storage/claude-key") == theirs
    assert "AnthropicKey" not in resources_of(account, "v3-storage")
    iam = account.client("iam")
    [role] = [r["RoleName"] for r in iam.list_roles()["Roles"] if "OrchestratorRole" in r["RoleName"]]
    policy = ast.literal_eval(str(iam.get_role_policy(RoleName=role, PolicyName="orchestrator")["PolicyDocument"]))
    [right] = [s for s in policy["Statement"] if "secretsmanager" in str(s)]
    assert right["Resource"] == theirs
    assert any(str(r).endswith("parameter/v3/storage/claude-key") for s in policy["Statement"] for r in s["Resource"])
    again = steps.Wishes()
    steps.infrastructure(deployment, again)
    assert deployment.parameter("storage/claude-key") == theirs, "what is not given stays as it was deployed"


def test_a_secret_of_its_own_stays_beside_the_named_one_and_the_way_back_is_open(account, deployment, theirs):
    stacks.deploy(deployment, "storage", {})
    own = deployment.parameter("storage/claude-key")
    for named, wanted in ((THEIRS, theirs), ("own", own), (THEIRS, theirs)):
        stacks.deploy(deployment, "storage", secret.parameters(deployment, named))
        assert deployment.parameter("storage/claude-key") == wanted
        assert "AnthropicKey" in resources_of(account, "v3-storage")


def test_naming_the_deployments_own_secret_is_the_way_back_too(account, deployment, theirs):
    account.client("secretsmanager").create_secret(Name=OWN, SecretString="sk", Tags=MADE)
    stacks.deploy(deployment, "storage", {})
    assert secret.parameters(deployment, OWN) == {"ClaudeSecret": "", "OwnSecret": "true"}


def test_a_secret_that_the_lab_could_not_read_stops_before_anything_is_made(account, deployment, theirs):
    manager = account.client("secretsmanager")
    manager.create_secret(Name="locked", SecretString="sk", KmsKeyId="alias/somebodys")
    manager.create_secret(Name="going", SecretString="sk")
    manager.delete_secret(SecretId="going")
    for name, sentence in (("nowhere", "no secret 'nowhere'"), ("locked", "alias/somebodys"), ("going", "Restore it")):
        with pytest.raises(Problem, match=sentence):
            steps.infrastructure(deployment, steps.Wishes(secret=name))
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    assert account.client("ssm").get_parameters_by_path(Path="/v3/", Recursive=True)["Parameters"] == []


def test_a_key_goes_where_the_lab_reads_it(account, deployment, theirs, monkeypatch):
    account.client("secretsmanager").create_secret(Name=OWN, SecretString="sk-own", Tags=MADE)
    box = account.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    deployment.set_parameter("orchestrator/instance", box["InstanceId"])
    deployment.set_parameter("storage/claude-key", theirs)
    monkeypatch.setattr("infra.deploy.__main__.Aws", lambda region, project, dry_run: deployment)
    value = lambda name: account.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-new\n"))
    assert main(["key", "--region", REGION]) == 0
    assert (value(THEIRS), value(OWN)) == ("sk-new", "sk-own")


@pytest.mark.parametrize(("tags", "left"), [(MADE, {THEIRS}), ([], {THEIRS, OWN})])
def test_destroy_deletes_the_secret_that_the_deployment_made_and_no_other(account, deployment, theirs, tags, left):
    account.client("secretsmanager").create_secret(Name=OWN, SecretString="sk", Tags=tags)
    stacks.deploy(deployment, "storage", secret.parameters(deployment, THEIRS))
    destroy.data(deployment)
    assert secrets_left(account) == left


@pytest.mark.parametrize("known", [True, False])
def test_the_box_reads_the_secret_that_is_named_and_else_its_own(tmp_path, known):
    """`configure` with a stand-in for the AWS CLI; without the parameter, or the right to it, as before."""
    aws = tmp_path / "aws"
    named = f"echo arn:{THEIRS}" if known else "exit 254"
    aws.write_text(
        '#!/bin/bash\ncase "$*" in\n'
        f"*/v3/storage/claude-key*) {named} ;;\n*secret-id\\ arn:{THEIRS}*) echo sk-theirs ;;\n"
        f"*secret-id\\ {OWN}*) echo sk-own ;;\n*sign-in*) exit 254 ;;\n*) echo OTHER=1 ;;\nesac\n"
    )
    aws.chmod(0o755)
    (tmp_path / "box.env").write_text("PROJECT=v3\nROLE=orchestrator\n")
    script = CONFIGURE.read_text().replace("/etc/codec-lab", ".").replace("/run/codec-lab", "./run")
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run" / "env").read_text().splitlines()
    assert f"CODEC_LAB_ANTHROPIC_API_KEY={'sk-theirs' if known else 'sk-own'}" in lines
