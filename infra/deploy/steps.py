"""The order of a deployment. Every step may be run again, alone, and changes nothing where nothing is new."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from infra.launcher.terminal import say

from . import boxes, costs, preflight, releases, secret, stacks
from .aws import Aws, code

ROOT = Path(__file__).resolve().parents[2]
WIRED = {
    "database": {"AlarmTopic": "network/alarm-topic"},
    "compute": {
        "WorkerSubnet": "network/worker-subnet",
        "PublicSubnet": "network/public-subnet",
        "WorkerSecurityGroup": "network/worker-security-group",
        "OrchestratorSecurityGroup": "network/orchestrator-security-group",
        "AlarmTopic": "network/alarm-topic",
        "TableName": "database/table",
        "VideosBucket": "storage/videos",
        "DecodersBucket": "storage/decoders",
        "ReleasesBucket": "storage/releases",
        "ClaudeKey": "storage/claude-key",
    },
    "lambda": {
        "TableName": "database/table",
        "ReleasesBucket": "storage/releases",
        "WorkerId": "worker/instance",
        "AlarmTopic": "network/alarm-topic",
    },
    "cdn": {
        "DashboardArn": "dashboard/function",
        "DashboardHost": "dashboard/host",
        "VideosBucket": "storage/videos",
        "DecodersBucket": "storage/decoders",
    },
}


NOBODY = "No --email was given: alarms and the budget's warnings reach nobody."


@dataclass
class Wishes:
    """What the person chose. What is not given stays as it was deployed, or is the template's default."""

    network: dict[str, str] = field(default_factory=dict)
    compute: dict[str, str] = field(default_factory=dict)
    new_images: bool = False
    allow_replacement: bool = False
    secret: str | None = None


def stack(aws: Aws, name: str, parameters: dict[str, str], wishes: Wishes) -> stacks.Outcome:
    wired = {key: f"/{aws.project}/{value}" for key, value in WIRED.get(name, {}).items()}
    return stacks.deploy(aws, name, wired | parameters, allow_replacement=wishes.allow_replacement)


def infrastructure(aws: Aws, wishes: Wishes, root: Path = ROOT) -> None:
    """Everything but the programs on the boxes. Preflight goes before, by whoever calls."""
    claude = secret.parameters(aws, wishes.secret)
    images = preflight.check(aws, wishes.new_images)
    stack(aws, "network", wishes.network, wishes)
    stack(aws, "storage", claude, wishes)
    stack(aws, "database", {}, wishes)
    if aws.parameter("agent/token") is None:
        aws.set_parameter("agent/token", secrets.token_urlsafe(32), "SecureString")
    chosen = {"WorkerAmi": images["worker"], "OrchestratorAmi": images["orchestrator"]} | wishes.compute
    stack(aws, "compute", chosen, wishes)
    functions(aws, wishes, root)


def functions(aws: Aws, wishes: Wishes, root: Path = ROOT) -> None:
    """Dashboard and admin API, CloudFront before the dashboard, and its right to the buckets."""
    keys = {
        "DashboardKey": releases.function(aws, root, "dashboard_ssr"),
        "AdminKey": releases.function(aws, root, "admin_api"),
    }
    if (most := concurrency(aws)) is not None:
        keys["DashboardConcurrency"] = str(most)
    stack(aws, "lambda", keys, wishes)
    stack(aws, "cdn", {}, wishes)
    stack(aws, "storage", {"DistributionArn": aws.needed("dashboard/distribution", "lambda")}, wishes)


def concurrency(aws: Aws) -> int | None:
    """Ten requests at once, where the account's limit leaves the hundred that AWS never lets be reserved.

    None, which leaves it as it was deployed, where the limit cannot be read.
    """
    try:
        limits = aws.read("lambda", "get_account_settings").get("AccountLimit", {})
    except ClientError as error:
        say(f"The limits of Lambda could not be read ({code(error)}); the dashboard's own bound stays as it is.")
        return None
    return 10 if limits.get("ConcurrentExecutions", 0) >= 110 else 0


def everything(aws: Aws, wishes: Wishes, root: Path = ROOT) -> None:
    infrastructure(aws, wishes, root)
    for role in ("worker", "orchestrator"):
        boxes.deploy(aws, root, role)
    say(f"The dashboard: {aws.needed('dashboard/address', 'lambda')}")
    say(f"The lab: {tunnel(aws)}")


def tunnel(aws: Aws) -> str:
    """The command that brings the lab to localhost:8501. It needs the AWS CLI and its session manager plugin."""
    box = aws.needed("orchestrator/instance", "infrastructure")
    return (
        f"aws ssm start-session --region {aws.region} --target {box} --document-name AWS-StartPortForwardingSession "
        "--parameters portNumber=8501,localPortNumber=8501   then open http://localhost:8501"
    )


def estimate(aws: Aws, wishes: Wishes) -> str:
    """What it will cost a month, and whether anybody would hear that it costs more."""
    deployed = stacks.described(aws, f"{aws.project}-network") or {}
    network = {p["ParameterKey"]: p["ParameterValue"] for p in deployed.get("Parameters", [])} | wishes.network
    found = costs.parts(nat=network.get("EnableNat") == "true")
    told = f"{costs.table(found)}\n{costs.sentence(found, aws.region)}"
    return told if network.get("AlarmEmail") else f"{told}\n{NOBODY}"
