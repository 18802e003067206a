"""The worker's machine: its state, starting and stopping it, and what EC2 refuses as sentences."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from aws import Item, client

from .request import Refused

SENTENCES = {
    "InsufficientInstanceCapacity": "AWS has no such GPU machine free in this zone right now. Try again in some minutes, "
    "or put the worker into the other zone: ./lab deploy infrastructure --worker-zone b --allow-replacement "
    "(a, where it is in b).",
    "VcpuLimitExceeded": "The account's quota for G instances does not allow the worker (new accounts have 0 vCPUs). "
    "Ask for 4 vCPUs of Running On-Demand G and VT instances under Service Quotas; it takes hours to days.",
    "UnauthorizedOperation": "This role may not see, start or stop the worker. Deploy the infrastructure again, which "
    "gives the right, or start the worker in the EC2 console.",
    "IncorrectInstanceState": "The worker is just changing its state. Try again in a minute.",
    "IncorrectSpotRequestState": "The worker is just changing its state. Try again in a minute.",
    "InvalidInstanceID.NotFound": "The worker is no longer there. Deploy the infrastructure again.",
    "InvalidInstanceID.Malformed": "The worker's instance id is none. Deploy the infrastructure again.",
    "RequestLimitExceeded": "EC2 is asked for too much at once. Try again in a moment.",
}


def state() -> str:
    reply = asked(lambda ec2: ec2.describe_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return reply["Reservations"][0]["Instances"][0]["State"]["Name"]


def asked(call: Callable[[Any], Item]) -> Item:
    try:
        return call(client("ec2"))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in SENTENCES:
            raise Refused(code, SENTENCES[code]) from error
        raise


def start() -> Item:
    if state() in ("running", "pending"):
        return {"worker": state()}
    asked(lambda ec2: ec2.start_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return {"worker": state()}


def stop() -> Item:
    """The agent puts a running experiment back into the queue as it is told to end."""
    if state() in ("stopped", "stopping"):
        return {"worker": state()}
    asked(lambda ec2: ec2.stop_instances(InstanceIds=[os.environ["WORKER_ID"]]))
    return {"worker": state()}
