"""A whole deployment against moto, twice, with the failures that an earlier system hid."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends
from moto.ssm.models import ssm_backends

from gpu_agent.store.aws import schema
from infra.deploy import boxes as onto_boxes
from infra.deploy import destroy, preflight, releases, stacks, steps
from infra.deploy.__main__ import main, parser, wishes
from infra.launcher.terminal import Problem

from .conftest import REGION, UBUNTU, TestedAws

STACKS = {"network", "storage", "database", "compute", "lambda", "cdn"}
READING = ("get_", "describe_", "head_", "list_")


def state_of(aws) -> dict:
    """What the account holds, as far as a second run could have changed it."""
    found = {}
    for stack in aws.client("cloudformation").describe_stacks()["Stacks"]:
        found[stack["StackName"]] = (stack["StackStatus"], sorted(map(str, stack.get("Parameters", []))))
    parameters = aws.client("ssm").get_parameters_by_path(Path="/v3/", Recursive=True)["Parameters"]
    found |= {p["Name"]: (p["Version"], p["Value"]) for p in parameters}
    for bucket in aws.client("s3").list_buckets()["Buckets"]:
        objects = aws.client("s3").list_object_versions(Bucket=bucket["Name"]).get("Versions", [])
        found[bucket["Name"]] = sorted((o["Key"], o["VersionId"]) for o in objects)
    instances = aws.client("ec2").describe_instances()["Reservations"]
    found["boxes"] = sorted(i["InstanceId"] for r in instances for i in r["Instances"])
    return found


def test_from_nothing_to_a_lab_and_the_second_run_changes_nothing(account, deployment, boxes, capsys):
    steps.everything(deployment, steps.Wishes())
    before = state_of(account)
    assert {name.removeprefix("v3-") for name in before if name.startswith("v3-") and "-1234" not in name} == STACKS
    assert len(before["boxes"]) == 2
    assert len(boxes.installed) == 2
    table = account.client("dynamodb").describe_table(TableName="v3-experiments")["Table"]
    indexes = {i["IndexName"] for i in schema.TABLE["GlobalSecondaryIndexes"]}
    assert {i["IndexName"] for i in table["GlobalSecondaryIndexes"]} == indexes
    again = TestedAws(account, boxes)
    steps.everything(again, steps.Wishes())
    assert state_of(account) == before
    changing = {c for c in again.calls if not c.split(".")[1].startswith(READING)}
    # A change set is how CloudFormation is asked whether anything would change; health is asked by a command.
    assert changing == {
        "cloudformation.create_change_set",
        "cloudformation.delete_change_set",
        "ssm.send_command",
    }
    assert not [c for commands in boxes.commands[4:] for c in commands if "codec-lab-boot" in c]
    assert "https://" in capsys.readouterr().out


def test_a_dry_run_prints_and_changes_nothing(account, boxes, capsys):
    before = state_of(account)
    dry = TestedAws(account, boxes, dry_run=True)
    steps.everything(dry, steps.Wishes())
    assert not [c for c in dry.calls if not c.split(".")[1].startswith(READING)]
    assert state_of(account) == before
    printed = capsys.readouterr().out
    for stack in STACKS:
        assert f"StackName='v3-{stack}'" in printed
    assert "would call  ssm.send_command" in printed
    assert "/v3/agent/token" in printed
    assert "Value=…" in printed


def test_the_command_itself_shows_estimate_and_plan(account, monkeypatch, capsys):
    """As a person types it, without anything of the tests in between."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
    before = state_of(account)
    assert main(["--dry-run", "--region", REGION, "--email", "you@example.com"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("Estimate: $") < printed.index("would call")
    assert all(f"StackName='v3-{stack}'" in printed for stack in STACKS)
    assert "AlarmEmail" in printed
    assert state_of(account) == before


def test_models_on_bedrock_reach_the_template_by_the_names_that_bedrock_has():
    chosen = lambda *given: wishes(parser().parse_args(given)).compute
    assert chosen("--bedrock", "claude-opus-5-5, other.model-1:0", "--bedrock-region", "us-west-2") == {
        "BedrockModels": "anthropic.claude-opus-5-5,other.model-1:0",
        "BedrockRegion": "us-west-2",
    }
    assert chosen("--bedrock", "off") == {"BedrockModels": ""}
    assert chosen() == {}
    for wrong in ("*", "claude-*", ",", "a,,b"):
        with pytest.raises(Problem, match="--bedrock takes the models' ids"):
            chosen("--bedrock", wrong)


@pytest.mark.parametrize(
    "named", [{}, {"BedrockModels": "anthropic.claude-opus-5-5,other.model", "BedrockRegion": "us-west-2"}]
)
def test_the_role_has_bedrock_only_where_models_are_named(account, deployment, named):
    """Made anew for both: moto leaves a role's policies as they are when its stack changes."""
    steps.infrastructure(deployment, steps.Wishes(compute=named))
    iam = account.client("iam")
    [role] = [r["RoleName"] for r in iam.list_roles()["Roles"] if "OrchestratorRole" in r["RoleName"]]
    policy = ast.literal_eval(str(iam.get_role_policy(RoleName=role, PolicyName="orchestrator")["PolicyDocument"]))
    rights = [s for s in policy["Statement"] if "bedrock" in str(s).lower()]
    settings = deployment.parameter("orchestrator/settings").split()
    if not named:
        assert rights == []
        assert "CODEC_LAB_CLAUDE_VIA=anthropic" in settings
        return
    [right] = rights
    assert right["Resource"] == "arn:aws:bedrock-mantle:us-west-2:123456789012:project/default"
    assert right["Condition"] == {"StringEquals": {"bedrock-mantle:Model": named["BedrockModels"].split(",")}}
    assert {"CODEC_LAB_CLAUDE_VIA=bedrock", "CODEC_LAB_BEDROCK_REGION=us-west-2"} <= set(settings)


def test_the_estimate_says_who_hears_of_more_and_knows_what_is_deployed(account, deployment):
    assert steps.NOBODY in steps.estimate(deployment, steps.Wishes())
    assert "NAT" not in steps.estimate(deployment, steps.Wishes())
    wishes = {"AlarmEmail": "you@example.com", "EnableNat": "true"}
    assert steps.NOBODY not in steps.estimate(deployment, steps.Wishes(network=wishes))
    stacks.deploy(deployment, "network", wishes)
    again = steps.estimate(deployment, steps.Wishes())
    assert steps.NOBODY not in again
    assert "NAT gateway" in again


def test_a_quota_of_nothing_stops_before_anything_is_made(account, deployment):
    deployment.quota = 0.0
    with pytest.raises(Problem, match="vCPUs and 4 are needed"):
        steps.everything(deployment, steps.Wishes())
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_bucket_of_somebody_else_stops_before_anything_is_made(account, deployment):
    deployment.errors["head_bucket"] = ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")
    with pytest.raises(Problem, match="somebody else's"):
        steps.infrastructure(deployment, steps.Wishes())
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []


def test_images_are_resolved_once(deployment):
    first_time = preflight.check(deployment)
    ssm_backends["123456789012"][REGION]._parameters[UBUNTU][-1].value = "ami-00000000000000000"
    assert preflight.check(deployment) == first_time
    assert preflight.check(deployment, new_images=True)["worker"] == "ami-00000000000000000"


def test_a_stack_stuck_in_its_first_making_is_made_anew(account, deployment):
    backend = cloudformation_backends["123456789012"]["us-east-1"]
    stacks.deploy(deployment, "network", {})
    stack = next(s for s in backend.stacks.values() if s.name == "v3-network")
    stack.status = "ROLLBACK_COMPLETE"
    assert stacks.deploy(deployment, "network", {}) == "created"
    assert stacks.described(deployment, "v3-network")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "ROLLBACK_FAILED"])
def test_a_stack_that_needs_a_person_is_said(deployment, status):
    stacks.deploy(deployment, "network", {})
    next(iter(cloudformation_backends["123456789012"]["us-east-1"].stacks.values())).status = status
    with pytest.raises(Problem, match=f"stuck in {status}"):
        stacks.deploy(deployment, "network", {})


# Boxes ------------------------------------------------------------------------------------------------------------


def test_a_command_that_fails_on_the_box_fails_the_deployment_with_its_log(made, boxes):
    boxes.fails = "\n".join([*(f"line {n}" for n in range(100)), "pip: no matching distribution"])
    with pytest.raises(Problem) as problem:
        onto_boxes.deploy(made, steps.ROOT, "worker")
    assert "pip: no matching distribution" in str(problem.value)
    assert "line 20" not in str(problem.value).splitlines()
    assert made.parameter("worker/release") is None


def test_a_box_that_runs_something_else_fails_the_deployment(made, boxes):
    boxes.lies = "0123456789abcdef"
    with pytest.raises(Problem, match=r"build 0123456789abcdef.*was deployed"):
        onto_boxes.deploy(made, steps.ROOT, "orchestrator")
    assert made.parameter("orchestrator/release") is None


def test_a_worker_without_its_jail_fails_the_deployment(made, boxes):
    boxes.sandbox = {"available": False, "message": "AppArmor refuses user namespaces"}
    with pytest.raises(Problem, match="AppArmor refuses"):
        onto_boxes.deploy(made, steps.ROOT, "worker")


def test_a_second_run_finds_out_that_something_else_runs_meanwhile(made, boxes):
    onto_boxes.deploy(made, steps.ROOT, "worker")
    box = made.parameter("worker/instance")
    boxes.installed[box] = "somebody's hand"
    onto_boxes.deploy(made, steps.ROOT, "worker")
    assert boxes.installed[box] == releases.build_of(steps.ROOT, "worker")


def test_rollback_brings_the_release_before_and_reads_it_back(made, boxes, tmp_path):
    for n in (1, 2):
        root = tmp_path / str(n)
        for folder in ("gpu_agent", "infra/boxes"):
            (root / folder).mkdir(parents=True)
        (root / "gpu_agent" / "__init__.py").write_text(f"version = {n}\n")
        (root / "gpu_agent" / "requirements-gpu.txt").write_text("")
        (root / "requirements.txt").write_text("numpy==2.4.6\n")
        onto_boxes.deploy(made, root, "worker")
    first_build = releases.build_of(tmp_path / "1", "worker")
    second = made.parameter("worker/release")
    before = onto_boxes.rollback(made, "worker")
    assert boxes.installed[made.parameter("worker/instance")] == first_build
    assert made.parameter("worker/release") == before
    assert made.parameter("worker/release-before") == second
    with pytest.raises(Problem, match="no earlier release"):
        onto_boxes.rollback(made, "orchestrator")


@pytest.mark.parametrize(
    ("code", "word"), [("InsufficientInstanceCapacity", "--worker-zone b"), ("VcpuLimitExceeded", "Service Quotas")]
)
def test_a_worker_that_cannot_be_had_is_said(account, made, code, word):
    box = made.parameter("worker/instance")
    account.client("ec2").stop_instances(InstanceIds=[box])
    made.errors["start_instances"] = ClientError({"Error": {"Code": code, "Message": "no"}}, "StartInstances")
    with pytest.raises(Problem, match=word):
        onto_boxes.deploy(made, steps.ROOT, "worker")


def test_a_stopped_worker_of_this_release_is_left_alone(account, made, boxes):
    onto_boxes.deploy(made, steps.ROOT, "worker")
    account.client("ec2").stop_instances(InstanceIds=[made.parameter("worker/instance")])
    sent = len(boxes.commands)
    onto_boxes.deploy(made, steps.ROOT, "worker")
    assert len(boxes.commands) == sent


def test_a_command_is_waited_for_to_its_real_end(made, boxes):
    boxes.delay = 25
    onto_boxes.deploy(made, steps.ROOT, "worker")
    assert made.calls.count("ssm.get_command_invocation") > 50


# The way back -----------------------------------------------------------------------------------------------------


def test_destroy_keeps_what_was_measured_and_then_nothing(account, deployment):
    steps.infrastructure(deployment, steps.Wishes())
    destroy.machines(deployment)
    left = {s["StackName"] for s in account.client("cloudformation").describe_stacks()["Stacks"]}
    assert left == {"v3-storage", "v3-database"}
    assert account.client("dynamodb").list_tables()["TableNames"] == ["v3-experiments"]
    destroy.machines(deployment)
    destroy.data(deployment)
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("dynamodb").list_tables()["TableNames"] == []
    assert account.client("ssm").get_parameters_by_path(Path="/v3/", Recursive=True)["Parameters"] == []


# Signing in -------------------------------------------------------------------------------------------------------

SECRETS = """
CODEC_LAB_SIGN_IN_ALLOWED = ["ada@example.com", "example.org"]
ANTHROPIC_API_KEY = "stays here"
[auth]
redirect_uri = "https://lab.example.com/oauth2callback"
cookie_secret = "of forty characters, which is quite enough"
client_id = "lab"
client_secret = "hush $HOME `id` #1"
server_metadata_url = "https://accounts.example.net/.well-known/openid-configuration"
client_kwargs = { scope = "openid email" }
"""


@pytest.fixture
def command(made, monkeypatch, tmp_path):
    """`./lab deploy sign-in …` over a file with these words; the exit status."""
    from app.sign_in import configured

    monkeypatch.setattr(configured, "is_authlib_installed", lambda: True)
    monkeypatch.setattr("infra.deploy.__main__.Aws", lambda region, project, dry_run: made)

    def run(words: str | None) -> int:
        file = tmp_path / "secrets.toml"
        file.write_text(words or "")
        return main(["sign-in", str(file) if words else "off", "--region", REGION])

    return run


def kept(account) -> str | None:
    found = account.client("ssm").get_parameters(Names=["/v3/orchestrator/sign-in"], WithDecryption=True)["Parameters"]
    return found[0]["Value"] if found else None


def test_signing_in_is_kept_as_a_secret_that_the_lab_reads_as_it_stands(account, command, boxes, tmp_path):
    assert command(SECRETS) == 0
    [found] = account.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Values": ["/v3/orchestrator/sign-in"]}]
    )["Parameters"]
    assert found["Type"] == "SecureString"
    words = kept(account)
    assert "stays here" not in words
    assert any("try-restart" in line for line in boxes.commands[-1])
    # What systemd takes out of the file (words in single quotes stand for themselves) is what the lab starts with.
    variables = dict(line.split("=", 1) for line in words.splitlines())
    assert all(v[0] == v[-1] == "'" and "'" not in v[1:-1] and "\\" not in v for v in variables.values())
    program = "from app.settings import AppSettings; from app.sign_in import configured, sign_in\n"
    program += "configured.is_authlib_installed = lambda: True\nsettings = AppSettings(); found = sign_in(settings)\n"
    program += (
        "print(found.origin, found.section['client_secret'], settings.app_host, settings.allowed_hosts, found.people)"
    )
    environment = os.environ | {k: v[1:-1] for k, v in variables.items()} | {"CODEC_LAB_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=steps.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.startswith(
        "https://lab.example.com hush $HOME `id` #1 0.0.0.0 ['lab.example.com', 'localhost', '127.0.0.1'] "
    ), done.stderr
    assert "ada@example.com" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('client_id = "lab"', "", "missing or empty: client_id"),
        ('["ada@example.com", "example.org"]', "[]", "ALLOWED is empty"),
        ("[auth]", "[other]", "has no .auth."),
        ("hush $", "it's", "may hold no quotes"),
        ("[auth]", "[auth", "cannot be read"),
    ],
)
def test_half_of_it_never_reaches_the_box(account, command, boxes, capsys, old, new, sentence):
    sent = len(boxes.commands)
    assert command(SECRETS.replace(old, new)) == 1
    assert re.search(sentence, capsys.readouterr().err)
    assert kept(account) is None
    assert len(boxes.commands) == sent


def test_off_takes_it_away_and_is_no_error_twice(account, command, boxes):
    command(SECRETS)
    assert command(None) == 0
    assert kept(account) is None
    sent = len(boxes.commands)
    assert command(None) == 0
    assert len(boxes.commands) == sent
