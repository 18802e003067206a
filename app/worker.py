"""The worker's machine on AWS: its state, starting and stopping it. A lab whose agent is elsewhere has no such thing.

EC2 is asked in a thread of its own with short timeouts, and the answer is kept for moments: a page that asks gets what
was last heard. What EC2 refuses becomes a sentence (infra/lambda/admin/worker.py has the same ones and ships alone).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, NamedTuple

from gpu_agent.store import StoreError
from gpu_agent.store.settings import StoreSettings

FRESH_SECONDS = 3.0
PATIENCE_SECONDS = 1.0
"""How long a page waits for an answer that is on its way."""

BOOT_SECONDS = 600.0
"""From its start a machine has this long until its agent answers; after that something is wrong."""

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

State = Literal["unknown", "stopped", "pending", "running", "stopping", "shutting-down", "terminated"]


class Known(NamedTuple):
    """What was last heard of the machine. `problem`: why the last question or wish was refused, as a sentence."""

    state: State = "unknown"
    since_start: float | None = None
    problem: str | None = None

    @property
    def may_answer(self) -> bool:
        """False where nothing listens on the machine, so that nobody waits for a connection to it."""
        return self.state in ("running", "unknown")


class Worker:
    """Thread-safe; one for all sessions. `ec2` makes the client, at the first question."""

    def __init__(self, instance: str, ec2: Callable[[], Any], region: str):
        self.instance, self._ec2, self._what = instance, ec2, f"EC2 in {region}"
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(1, "worker-state")
        self._known, self._at = Known(), -1e9
        self._refused: str | None = None
        self._asking: Future | None = None

    def known(self) -> Known:
        """What is known, fresh to some seconds where EC2 answers in time; else what was known before."""
        with self._lock:
            fresh = time.monotonic() - self._at < FRESH_SECONDS
            asking = None if fresh or not self._idle else self._submit(None)
        return self._after(asking)

    def start(self) -> Known:
        """Ask for the machine. Where that is refused, `problem` says why, now or at a later look."""
        with self._lock:
            asking = self._submit("start_instances")
        return self._after(asking)

    def stop(self) -> Known:
        """The agent puts a running experiment back into the queue as the machine goes down."""
        with self._lock:
            asking = self._submit("stop_instances")
        return self._after(asking)

    @property
    def _idle(self) -> bool:
        return self._asking is None or self._asking.done()

    def _submit(self, operation: str | None) -> Future:
        self._asking = self._threads.submit(self._do, operation)
        return self._asking

    def _after(self, asking: Future | None) -> Known:
        """Only who asked waits, so that a page which looks ten times at an EC2 that is silent waits once."""
        if asking is not None:
            wait([asking], PATIENCE_SECONDS)
        return self._known

    def _do(self, operation: str | None) -> None:
        """A wish, where there is one, and what the machine is then. A refusal is told until the state is another."""
        before, found = self._known, []
        if operation:
            self._refused = self._refusal(lambda ec2: getattr(ec2, operation)(InstanceIds=[self.instance]))
        problem = self._refusal(lambda ec2: found.append(ec2.describe_instances(InstanceIds=[self.instance])))
        state, age = read(found[0]) if found else before[:2]
        if state != before.state and not operation:
            self._refused = None
        self._known, self._at = Known(state, age, self._refused or problem), time.monotonic()

    def _refusal(self, call: Callable[[Any], Any]) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError  # boto3 is loaded where it is used

        from gpu_agent.store.aws.errors import code_of, sentence

        try:
            call(self._ec2())
        except (BotoCoreError, ClientError) as error:
            return SENTENCES.get(code_of(error)) or sentence(self._what, error)
        except StoreError as error:
            return str(error)
        return None


def read(answer: dict[str, Any]) -> tuple[State, float | None]:
    """State, and how many seconds ago the machine was last started."""
    machines = [machine for reservation in answer["Reservations"] for machine in reservation["Instances"]]
    if not machines:
        return "terminated", None
    launched = machines[0].get("LaunchTime")
    return machines[0]["State"]["Name"], (datetime.now(UTC) - launched).total_seconds() if launched else None


def open_worker(instance: str, settings: StoreSettings) -> Worker | None:
    """None where no instance is named: the agent is on this machine, or somebody else looks after it."""
    if not instance:
        return None
    from gpu_agent.store.aws.connect import client

    made = cache(lambda: client("ec2", settings, read_timeout=4, attempts=1))
    return Worker(instance, made, settings.aws_region)


class Look(NamedTuple):
    """How the worker is shown. `changing`: it is worth looking again by itself."""

    label: str
    sentence: str
    color: Literal["green", "blue", "orange", "gray", "red"]
    may_start: bool = False
    may_stop: bool = False
    changing: bool = False


def look(known: Known, answers: bool, waiting: int) -> Look:
    """`answers`: whether the agent does. `waiting`: experiments in the queue."""
    queue = "" if not waiting else " One experiment waits." if waiting == 1 else f" {waiting} experiments wait."
    if answers and known.state in ("running", "unknown"):
        return Look("Worker running", f"The worker runs and its agent answers.{queue}", "green", may_stop=True)
    match known.state:
        case "stopped":
            text = f"The worker is stopped. What you dispatch is queued and runs once the worker is started.{queue}"
            return Look("Worker stopped", text, "gray", may_start=True)
        case "pending":
            return Look(
                "Worker starting",
                f"The worker is starting; it takes two or three minutes.{queue}",
                "blue",
                changing=True,
            )
        case "running" if known.since_start is None or known.since_start < BOOT_SECONDS:
            text = f"The worker's machine runs and its agent is starting.{queue}"
            return Look("Worker starting", text, "blue", may_stop=True, changing=True)
        case "running":
            text = (
                f"The worker's machine has run for {known.since_start / 60:.0f} minutes and its agent does not answer. "
                f"Its log is in CloudWatch; ./lab deploy worker installs it again.{queue}"
            )
            return Look("Agent down", text, "red", may_stop=True)
        case "stopping":
            return Look(
                "Worker stopping",
                f"The worker is stopping. It can be started again in a minute.{queue}",
                "orange",
                changing=True,
            )
        case "unknown":
            text = (
                f"The agent does not answer, and the worker's state is not known. What you dispatch is queued.{queue}"
            )
            return Look("Agent down", text, "red")
    return Look("No worker", f"{SENTENCES['InvalidInstanceID.NotFound']}{queue}", "red")


def waiting(known: Known) -> str:
    """What is said of a dispatch that the agent has not seen."""
    if known.state == "stopped":
        return "The experiment is queued. The worker is stopped: start it, and the experiment runs."
    return "The experiment is queued and runs when the worker's agent answers."
