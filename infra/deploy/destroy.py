"""The way back. What was measured stays, unless the person says twice that it shall go too."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.launcher.terminal import say

from . import secret, stacks
from .aws import MISSING, Aws, code
from .preflight import BUCKETS


def machines(aws: Aws) -> None:
    """Everything that costs by the hour. Table, buckets and the secret stay, for a few dollars a month."""
    for name in ("cdn", "lambda", "compute"):
        say(f"{aws.project}-{name}: {'deleted' if stacks.remove(aws, f'{aws.project}-{name}') else 'was not there'}.")
    # The database's alarms tell the topic of the network, so the database is left without one only when it goes itself.
    removed = stacks.remove(aws, f"{aws.project}-network")
    say(f"{aws.project}-network: {'deleted' if removed else 'was not there'}.")


def data(aws: Aws) -> None:
    """Every experiment, video, decoder and release, for good."""
    table = f"{aws.project}-experiments"
    if present(aws, "dynamodb", "describe_table", TableName=table):
        aws.write("dynamodb", "update_table", TableName=table, DeletionProtectionEnabled=False)
    stacks.remove(aws, f"{aws.project}-database")
    if present(aws, "dynamodb", "describe_table", TableName=table):
        aws.write("dynamodb", "delete_table", TableName=table)
    stacks.remove(aws, f"{aws.project}-storage")
    for what in BUCKETS:
        bucket = aws.bucket(what)
        if present(aws, "s3", "head_bucket", Bucket=bucket):
            empty(aws, bucket)
            aws.write("s3", "delete_bucket", Bucket=bucket)
    key = secret.own_name(aws)
    if found := secret.described(aws, key):
        if secret.made_here(aws, found):
            aws.write("secretsmanager", "delete_secret", SecretId=key, ForceDeleteWithoutRecovery=True)
        else:
            say(f"The secret {key} stays: this deployment did not make it.")
    left = parameters(aws)
    for start in range(0, len(left), 10):
        aws.write("ssm", "delete_parameters", Names=left[start : start + 10])
    say("The data is deleted.")


def present(aws: Aws, service: str, operation: str, **call: Any) -> bool:
    try:
        aws.read(service, operation, **call)
    except ClientError as error:
        if code(error) in MISSING:
            return False
        raise
    return True


def empty(aws: Aws, bucket: str) -> None:
    """Objects with all their versions."""
    more: dict[str, str] = {}
    while True:
        page = aws.read("s3", "list_object_versions", Bucket=bucket, MaxKeys=1000, **more)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        names = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]
        if names:
            aws.write("s3", "delete_objects", Bucket=bucket, Delete={"Objects": names, "Quiet": True})
        if not page.get("IsTruncated"):
            return
        more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}


def parameters(aws: Aws) -> list[str]:
    names, token = [], {}
    while True:
        page = aws.read("ssm", "get_parameters_by_path", Path=f"/{aws.project}/", Recursive=True, **token)
        names += [p["Name"] for p in page["Parameters"]]
        if not page.get("NextToken"):
            return names
        token = {"NextToken": page["NextToken"]}
