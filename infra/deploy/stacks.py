"""One CloudFormation stack: made, changed by a change set, mended where it is stuck, or left alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem, say

from .aws import Aws, message
from .replacement import losses

FOLDER = Path(__file__).resolve().parents[1] / "cloudformation"
MINUTES = 40
NOTHING = ("didn't contain changes", "No updates are to be performed")
Outcome = Literal["created", "changed", "unchanged", "planned"]


def described(aws: Aws, name: str) -> dict[str, Any] | None:
    try:
        return aws.read("cloudformation", "describe_stacks", StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in message(error):
            return None
        raise


def settled(aws: Aws, name: str) -> dict[str, Any] | None:
    """The stack, once nothing is in progress on it. None where there is none."""

    def still() -> list[dict[str, Any] | None] | None:
        found = described(aws, name)
        in_progress = (
            found and found["StackStatus"].endswith("_IN_PROGRESS") and found["StackStatus"] != "REVIEW_IN_PROGRESS"
        )
        return None if in_progress else [found]

    return aws.wait(f"The stack {name}", still, MINUTES * 60)[0]


def deploy(aws: Aws, template: str, parameters: dict[str, str], *, allow_replacement: bool = False) -> Outcome:
    """Make the stack what its template and these parameters say; others stay as they are. Raises Problem."""
    name, body = f"{aws.project}-{template}", (FOLDER / f"{template}.yaml").read_text()
    stack = mended(aws, name, settled(aws, name))
    fresh = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    known = {} if fresh else {p["ParameterKey"] for p in stack.get("Parameters", [])}
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in {"Project": aws.project, **parameters}.items()]
    kept = [
        {"ParameterKey": k, "UsePreviousValue": True} for k in sorted(set(known) - {p["ParameterKey"] for p in given})
    ]
    change = f"deploy-{time.time_ns()}"
    aws.write(
        "cloudformation", "create_change_set",
        StackName=name, ChangeSetName=change, ChangeSetType="CREATE" if fresh else "UPDATE", TemplateBody=body,
        Parameters=given + [p for p in kept if f"\n  {p['ParameterKey']}:" in body],
        Capabilities=["CAPABILITY_NAMED_IAM"], Tags=[{"Key": "project", "Value": aws.project}],
    )  # fmt: skip
    if aws.dry_run:
        return "planned"
    found = aws.wait(f"The change of {name}", lambda: finished_change(aws, name, change), 600)
    if found["Status"] == "FAILED":
        aws.write("cloudformation", "delete_change_set", StackName=name, ChangeSetName=change)
        if any(text in found.get("StatusReason", "") for text in NOTHING):
            aws.wrote -= 2  # a question after all
            say(f"{name}: unchanged.")
            return "unchanged"
        raise Problem(f"CloudFormation refuses {template}.yaml: {found.get('StatusReason')}")
    refuse_replacement(aws, name, change, found, allow_replacement)
    say(f"{name}: {'making' if fresh else 'changing'} …")
    aws.write("cloudformation", "execute_change_set", StackName=name, ChangeSetName=change)
    after = settled(aws, name)
    if after is None or after["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Problem(f"{name} was not deployed ({after and after['StackStatus']}):\n{reasons(aws, name)}")
    return "created" if fresh else "changed"


def mended(aws: Aws, name: str, stack: dict[str, Any] | None) -> dict[str, Any] | None:
    """A stack whose first making failed holds nothing and is removed; others that are stuck need a person."""
    status = stack["StackStatus"] if stack else ""
    if status == "ROLLBACK_COMPLETE":
        say(f"{name} failed when it was first made; removing what is left of it.")
        remove(aws, name)
        return None
    if status in ("ROLLBACK_FAILED", "DELETE_FAILED"):
        raise Problem(f"{name} is stuck in {status}:\n{reasons(aws, name)}\nDelete it in the console, then try again.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise Problem(
            f"{name} is stuck in {status}:\n{reasons(aws, name)}\nMend the cause, then: "
            f"aws cloudformation continue-update-rollback --region {aws.region} --stack-name {name}"
        )
    return stack


def remove(aws: Aws, name: str) -> bool:
    """Delete a stack and wait for it. False where there was none."""
    if settled(aws, name) is None:
        return False
    aws.write("cloudformation", "delete_stack", StackName=name)
    if not aws.dry_run and (left := settled(aws, name)) and left["StackStatus"] != "DELETE_COMPLETE":
        raise Problem(f"{name} could not be deleted ({left['StackStatus']}):\n{reasons(aws, name)}")
    return True


def finished_change(aws: Aws, name: str, change: str) -> dict[str, Any] | None:
    """With the changes of all its pages: what may be replaced may stand on the last."""
    asked = {"StackName": name, "ChangeSetName": change}
    found = page = aws.read("cloudformation", "describe_change_set", **asked)
    if found["Status"] not in ("CREATE_COMPLETE", "FAILED"):
        return None
    while token := page.get("NextToken"):
        page = aws.read("cloudformation", "describe_change_set", **asked, NextToken=token)
        found["Changes"] = found.get("Changes", []) + page.get("Changes", [])
    return found


def refuse_replacement(aws: Aws, name: str, change: str, found: dict[str, Any], allowed: bool) -> None:
    """A box or a table is never replaced or removed by the way: its disk or its data would be lost."""
    lost = losses(found)
    if lost and not allowed:
        aws.write("cloudformation", "delete_change_set", StackName=name, ChangeSetName=change)
        raise Problem(f"{name}: the change {lost}. Where that is meant, add --allow-replacement.")


def reasons(aws: Aws, name: str) -> str:
    """Why, in CloudFormation's words: the first failures of the last attempt."""
    try:
        events = aws.read("cloudformation", "describe_stack_events", StackName=name)["StackEvents"]
    except ClientError as error:
        return f"  {message(error)}"
    failed = [e for e in events if e["ResourceStatus"].endswith("FAILED") and e.get("ResourceStatusReason")]
    lines = [f"  {e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in reversed(failed)]
    return "\n".join(lines[:8]) or "  CloudFormation gives no reason; see the stack's events in the console."
