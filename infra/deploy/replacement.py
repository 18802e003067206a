"""What a change set would do to boxes, tables, buckets, the network and secrets: replaced or removed, they lose what they hold.

CloudFormation says "True" where a resource will be replaced, and "Conditional" where it cannot know before the change
runs. A box follows the newest version of its launch template, which is such a case: any edit of the template, of a
comment too, makes a new version and with it a new box. Settings, roles and policies make none.
"""

from __future__ import annotations

from typing import Any

KEPT_TYPES = {
    *("AWS::EC2::Instance", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::SecretsManager::Secret"),
}
CREATING = {"Add", "Import"}


def losses(found: dict[str, Any]) -> str:
    """What a described change set does to kept resources, as "would replace A; may replace B"; empty for nothing."""
    changes = {c["LogicalResourceId"]: c for c in (entry["ResourceChange"] for entry in found.get("Changes", []))}
    told: dict[str, list[str]] = {}
    for name, change in changes.items():
        if change["ResourceType"] in KEPT_TYPES and (act := loss(change)):
            told.setdefault(act, []).append(f"{name}{because(change, changes)}")
    return "; ".join(f"{act} {', '.join(names)}" for act, names in told.items())


def loss(change: dict[str, Any]) -> str | None:
    """None only where CloudFormation is certain that the resource stays."""
    if change["Action"] in CREATING or (change["Action"] != "Remove" and change.get("Replacement") == "False"):
        return None
    if change["Action"] == "Remove":
        return "would remove"
    return "would replace" if change.get("Replacement") == "True" else "may replace"


def because(change: dict[str, Any], changes: dict[str, dict[str, Any]]) -> str:
    """The causes in brackets; of one that is another resource's attribute, what changes that resource too."""
    told = []
    for cause in causes(change):
        source = changes.get(cause.partition(".")[0])
        behind = causes(source, any_detail=True) if source and source is not change else []
        told.append(f"{cause}, changed by {' and '.join(behind)}" if behind else cause)
    return f" (because of {'; '.join(told)})" if told else ""


def causes(change: dict[str, Any], any_detail: bool = False) -> list[str]:
    """Parameters, attributes and properties, as the details name them; those that recreate, unless any is asked for."""
    found = []
    for detail in change.get("Details", []):
        target = detail.get("Target", {})
        if any_detail or target.get("RequiresRecreation", "Never") != "Never":
            found.append(detail.get("CausingEntity") or target.get("Name") or target.get("Attribute"))
    return list(dict.fromkeys(filter(None, found)))
