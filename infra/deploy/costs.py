"""What it costs a month, by part: an estimate from public on-demand prices, shown before anything is made."""

from __future__ import annotations

from typing import NamedTuple

REGION, DAY = "us-east-1", "November 2026"
HOURS = 730
HOUR = {"t3.medium": 0.0416, "g4dn.xlarge": 0.526}
GP3_GB, IPV4_HOUR, ENDPOINT_HOUR, NAT_HOUR = 0.08, 0.005, 0.01, 0.045
ENDPOINTS, ALARMS = 3, 7


class Part(NamedTuple):
    """Dollars a month: the worker stopped, running 8 hours a day, running always."""

    name: str
    purpose: str
    idle: float
    working: float
    always: float


def fixed(name: str, purpose: str, dollars: float) -> Part:
    return Part(name, purpose, dollars, dollars, dollars)


def parts(nat: bool = False, worker_disk: int = 120, orchestrator_disk: int = 30) -> list[Part]:
    worker = HOUR["g4dn.xlarge"]
    found = [
        Part("Worker, g4dn.xlarge", "runs the codecs; stops when idle", 0, worker * 8 * HOURS / 24, worker * HOURS),
        fixed("Worker's disk, gp3", f"{worker_disk} GB: image, PyTorch, cached planes; kept while stopped", worker_disk * GP3_GB),
        fixed("Orchestrator, t3.medium", "the lab", HOUR["t3.medium"] * HOURS),
        fixed("Orchestrator's disk, gp3", f"{orchestrator_disk} GB", orchestrator_disk * GP3_GB),
        fixed("Public IPv4 address", "the orchestrator's way out, to Claude; nothing comes in", IPV4_HOUR * HOURS),
        fixed("Interface endpoints", "ssm, ssmmessages, logs: the worker without internet", ENDPOINTS * ENDPOINT_HOUR * HOURS),
        fixed("S3", "50 GB of previews, bitstreams, code, releases", 50 * 0.023),
        fixed("DynamoDB", "on demand, 1 GB, backups of 14 days", 0.25 + 0.20 + 0.60),
        fixed("Secret, alarms, logs", f"1 secret, {ALARMS} alarms, 1 GB of logs", 0.40 + ALARMS * 0.10 + 0.50),
        fixed("Lambda, CloudFront", "the dashboard and the admin API; within the free amounts", 0.0),
    ]  # fmt: skip
    if nat:
        found.append(fixed("NAT gateway", "only where EnableNat is on", NAT_HOUR * HOURS))
    return found


def total(found: list[Part]) -> Part:
    return Part("Together", "", *(sum(getattr(p, n) for p in found) for n in ("idle", "working", "always")))


def table(found: list[Part]) -> str:
    """Markdown, as in the README and on the terminal."""
    lines = ["| part | for | idle | 8 h a day | always on |", "|---|---|--:|--:|--:|"]
    for part in [*found, total(found)]:
        lines.append(f"| {part.name} | {part.purpose} | ${part.idle:.2f} | ${part.working:.2f} | ${part.always:.2f} |")
    return "\n".join(lines)


def sentence(found: list[Part], region: str) -> str:
    t = total(found)
    where = "" if region == REGION else f" ({region} may cost more)"
    return (
        f"Estimate: ${t.idle:.0f} a month idle, ${t.working:.0f} with the worker on 8 hours a day, ${t.always:.0f} always on; "
        f"public on-demand prices of {REGION}, {DAY}, without tax and traffic{where}. The budget warns, it does not stop."
    )
