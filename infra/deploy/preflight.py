"""What must be so before anything is made. Every question is asked, and all that is wrong is said together."""

from __future__ import annotations

from botocore.exceptions import ClientError

from infra.launcher.terminal import Problem, say

from .aws import Aws, code

IMAGES = {
    "orchestrator": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "worker": "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id",
}
QUOTAS = {
    "L-DB2E81BA": ("Running On-Demand G and VT instances", 4),
    "L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 2),
}
BUCKETS = ("videos", "decoders", "releases")


def check(aws: Aws, new_images: bool = False) -> dict[str, str]:
    """Image by box. Raises Problem with everything that is wrong."""
    say(f"Account {aws.account}, region {aws.region}, project {aws.project}.")
    wrong = [*quotas(aws), *buckets(aws), *offered(aws)]
    found = {box: image(aws, box, new_images) for box in IMAGES}
    wrong += [
        f"There is no image for the {box} in {aws.region} ({IMAGES[box]})." for box, ami in found.items() if not ami
    ]
    if wrong:
        raise Problem("Nothing was made:\n" + "\n".join(f"  - {sentence}" for sentence in wrong))
    return {box: ami for box, ami in found.items() if ami}


def quotas(aws: Aws) -> list[str]:
    wrong = []
    for quota, (name, needed) in QUOTAS.items():
        try:
            value = aws.read("service-quotas", "get_service_quota", ServiceCode="ec2", QuotaCode=quota)["Quota"][
                "Value"
            ]
        except ClientError as error:
            say(f"The quota {name} could not be read ({code(error)}); going on without knowing it.")
            continue
        if value < needed:
            wrong.append(
                f"The quota {name!r} is {value:g} vCPUs and {needed} are needed (new accounts have 0 for G). Ask for it under "
                f"https://{aws.region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/{quota}, then try again."
            )
    return wrong


def buckets(aws: Aws) -> list[str]:
    wrong = []
    for what in BUCKETS:
        try:
            aws.read("s3", "head_bucket", Bucket=aws.bucket(what))
        except ClientError as error:
            if code(error) not in ("404", "NoSuchBucket"):
                wrong.append(
                    f"The bucket {aws.bucket(what)} is somebody else's or closed to you. Choose another --project."
                )
    return wrong


def offered(aws: Aws) -> list[str]:
    """Whether the region has the worker's kind of machine at all."""
    found = aws.read(
        "ec2", "describe_instance_type_offerings",
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["g4dn.xlarge"]}],
    )["InstanceTypeOfferings"]  # fmt: skip
    return [] if found else [f"{aws.region} has no g4dn.xlarge. Choose another --region."]


def image(aws: Aws, box: str, renew: bool) -> str | None:
    """The box's image: resolved once and kept, because another image would replace the box."""
    kept = None if renew else aws.parameter(f"ami/{box}")
    if kept:
        return kept
    found = aws.any_parameter(IMAGES[box])
    if found:
        aws.set_parameter(f"ami/{box}", found)
    return found
