"""A release onto a box through SSM, and back what really runs there. The boxes have no other door."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem, say

from . import releases, wheels
from .aws import Aws, code, message

OVER = {"Success", "Cancelled", "TimedOut", "Failed", "Undeliverable", "Terminated", "InvalidPlatform", "AccessDenied"}
TAIL = 40
EC2 = {
    "InsufficientInstanceCapacity": "AWS has no such GPU machine free in this zone right now. Try again in some minutes, "
    "or put the worker into the other zone: ./lab deploy infrastructure --worker-zone b --allow-replacement "
    "(a, where it is in b).",
    "VcpuLimitExceeded": "The account's quota for G instances does not allow the worker (new accounts have 0 vCPUs). "
    "Ask for 4 vCPUs of Running On-Demand G and VT instances under Service Quotas; it takes hours to days.",
}
"""As the lab says them (app/worker.py); nothing of app is imported here."""


def deploy(aws: Aws, root: Path, role: str) -> str:
    """Bring this checkout onto the box and see it run. The release's name. Raises Problem with the log's tail."""
    box, running = aws.needed(f"{role}/instance", "infrastructure"), aws.parameter(f"{role}/release")
    release = releases.pack(root, role, wheels.ensure(aws, root, role))
    releases.upload(aws, role, release)
    if (
        running == release.name
        and not aws.dry_run
        and (state(aws, box) == "stopped" or answers(aws, box, role, release.build))
    ):
        say(f"The {role} has the release {release.name[:12]} already.")
        return release.name
    install(aws, box, role, release.name, release.build)
    remember(aws, role, release.name, running)
    return release.name


def rollback(aws: Aws, role: str) -> str:
    """The release before, again: what it answered is kept with it."""
    before, running = aws.parameter(f"{role}/release-before"), aws.parameter(f"{role}/release")
    if not before:
        raise Problem(f"There is no earlier release of the {role} to go back to.")
    key = f"{role}/{before}.tar.gz"
    build = aws.read("s3", "head_object", Bucket=aws.bucket("releases"), Key=key)["Metadata"]["build"]
    install(aws, aws.needed(f"{role}/instance", "infrastructure"), role, before, build)
    remember(aws, role, before, running)
    return before


def remember(aws: Aws, role: str, release: str, before: str | None) -> None:
    """Only what was seen running is named for the next boot."""
    if before and before != release:
        aws.set_parameter(f"{role}/release-before", before)
    if before != release:
        aws.set_parameter(f"{role}/release", release)


def install(aws: Aws, box: str, role: str, release: str, build: str) -> None:
    say(f"{role}: installing {release[:12]} …")
    ensure_running(aws, box)
    run(aws, box, [f"/usr/local/sbin/codec-lab-boot {shlex.quote(release)}"], f"Installing on the {role}", seconds=2400)
    if aws.dry_run:
        say(f"  would read /health on the {role} back and compare it with build {build}")
        return
    found = health(aws, box, role)
    if found.get("build") != build:
        raise Problem(
            f"The {role} answers with build {found.get('build')}, and {build} was deployed: something else runs there. "
            f"Back to the release before: ./lab deploy rollback {role}"
        )
    sandbox = found.get("sandbox")
    if role == "worker" and not (sandbox and sandbox.get("available")):
        raise Problem(f"The worker's jail does not work, so nothing would be run: {(sandbox or {}).get('message')}")
    say(f"{role}: build {build} answers.")


def answers(aws: Aws, box: str, role: str, build: str) -> bool:
    try:
        return health(aws, box, role).get("build") == build
    except Problem:
        return False


def health(aws: Aws, box: str, role: str) -> dict[str, Any]:
    """What the program on the box itself says. Raises Problem."""
    url = f"http://127.0.0.1:{releases.PORTS[role]}/health"
    text = run(aws, box, [f"curl --silent --show-error --fail --max-time 20 {url}"], f"Asking the {role}", seconds=120)
    try:
        found = json.loads(text)
    except ValueError:
        raise Problem(f"The {role} answers /health with something that is not JSON: {text[:200]!r}") from None
    if not isinstance(found, dict):
        raise Problem(f"The {role} answers /health with {text[:200]!r}.")
    return found


def state(aws: Aws, box: str) -> str:
    found = aws.read("ec2", "describe_instances", InstanceIds=[box])["Reservations"]
    return found[0]["Instances"][0]["State"]["Name"]


def ensure_running(aws: Aws, box: str) -> None:
    """Start the box where it is stopped and wait until SSM reaches it."""
    if aws.dry_run:
        say(f"  would start {box} where it is stopped, and wait for SSM")
        return
    if state(aws, box) in ("stopped", "stopping"):
        aws.wait(f"{box} stopping", lambda: state(aws, box) == "stopped", 300)
        try:
            aws.write("ec2", "start_instances", InstanceIds=[box])
        except ClientError as error:
            raise Problem(EC2.get(code(error), f"{box} could not be started: {message(error)}")) from error
    aws.wait(f"{box} starting", lambda: state(aws, box) == "running", 300)
    aws.wait(f"SSM on {box}", lambda: online(aws, box), 900)


def online(aws: Aws, box: str) -> bool:
    filters = [{"Key": "InstanceIds", "Values": [box]}]
    found = aws.read("ssm", "describe_instance_information", Filters=filters)["InstanceInformationList"]
    return any(entry["PingStatus"] == "Online" for entry in found)


def run(aws: Aws, box: str, commands: list[str], what: str, seconds: int) -> str:
    """Standard output of commands on the box, after they really ended. Raises Problem with the tail of what they said."""
    sent = aws.write(
        "ssm", "send_command",
        InstanceIds=[box], DocumentName="AWS-RunShellScript", TimeoutSeconds=600,
        Parameters={"commands": ["set -e", *commands], "executionTimeout": [str(seconds)]},
    )  # fmt: skip
    if aws.dry_run:
        return ""
    command = sent["Command"]["CommandId"]
    found = aws.wait(what, lambda: ended(aws, box, command), seconds + 660)
    if found["Status"] != "Success" or found.get("ResponseCode", 0) != 0:
        said = f"{found.get('StandardOutputContent', '')}\n{found.get('StandardErrorContent', '')}".strip().splitlines()
        raise Problem(
            f"{what} failed ({found['Status']}, exit status {found.get('ResponseCode')}). The last lines of its log:\n"
            + "\n".join(f"  {line}" for line in said[-TAIL:])
        )
    return found.get("StandardOutputContent", "")


def ended(aws: Aws, box: str, command: str) -> dict[str, Any] | None:
    try:
        found = aws.read("ssm", "get_command_invocation", CommandId=command, InstanceId=box)
    except ClientError as error:
        if code(error) == "InvocationDoesNotExist":  # just sent
            return None
        raise
    return found if found["Status"] in OVER else None
