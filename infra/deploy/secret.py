"""Which secret of Secrets Manager holds the key for Claude: the deployment's own, or one that was there before."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem

from . import stacks
from .aws import MISSING, Aws, code

OWN = "own"
"""The word for the secret that the deployment makes itself."""
MAKER = "aws:cloudformation:stack-name"
"""CloudFormation's own tag on what it makes; nobody else can set it."""


def own_name(aws: Aws) -> str:
    return f"{aws.project}/anthropic-api-key"


def current(aws: Aws) -> str:
    """Name or ARN of the secret that the lab reads."""
    return aws.parameter("storage/claude-key") or own_name(aws)


def parameters(aws: Aws, named: str | None) -> dict[str, str]:
    """What storage.yaml is told where the person names a secret. Raises Problem where the lab could not read it.

    A deployment that has made a secret of its own keeps it beside the named one, so that the way back is open.
    """
    if named is None:
        return {}
    stack = stacks.described(aws, f"{aws.project}-storage")
    fresh = stack is None or stack["StackStatus"] in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
    found = None if named == OWN else described(aws, named)
    if named == OWN or (not fresh and made_here(aws, found)):
        return {"ClaudeSecret": "", "OwnSecret": "true"}
    if found is None:
        raise Problem(f"There is no secret {named!r} in Secrets Manager in {aws.region}. Nothing was made.")
    if found.get("DeletedDate"):
        raise Problem(f"The secret {named!r} is going to be deleted. Restore it first. Nothing was made.")
    if found.get("KmsKeyId"):
        raise Problem(
            f"The secret {named!r} is encrypted with {found['KmsKeyId']}, which the lab may not use. Nothing was made. "
            "Encrypt it with aws/secretsmanager, or put the key into the deployment's own secret: ./lab deploy key"
        )
    return {"ClaudeSecret": found["ARN"]} | ({"OwnSecret": "false"} if fresh else {})


def described(aws: Aws, name: str) -> dict[str, Any] | None:
    try:
        return aws.read("secretsmanager", "describe_secret", SecretId=name)
    except ClientError as error:
        if code(error) in MISSING:
            return None
        raise


def made_here(aws: Aws, found: dict[str, Any] | None) -> bool:
    """Whether this deployment's stack made it; whatever else bears the name is somebody's."""
    tags = {tag["Key"]: tag["Value"] for tag in (found or {}).get("Tags", [])}
    return tags.get(MAKER) == f"{aws.project}-storage"
