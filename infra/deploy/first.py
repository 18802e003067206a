"""The first experiments: two starter codecs through the whole system, and a table of what they prove; loud where it misses."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from gpu_agent.models import ClipRef, Experiment, ExperimentRequest, Origin, Status
from gpu_agent.road.freeze import freeze
from gpu_agent.store import ExperimentStore
from gpu_agent.store.open import open_experiments
from gpu_agent.store.settings import StoreSettings
from infra.launcher.terminal import Problem, say

from . import boxes, proof
from .aws import Aws

STARTERS, CLIP, FRAMES, MINUTES = ("dct_intra", "motion_dct"), "carphone", 30, 30


def run(aws: Aws, root: Path) -> list[Experiment]:
    """The finished records; none in a dry run. Raises Problem, after the table, where anything misses."""
    worker = aws.needed("worker/instance", "infrastructure")
    aws.needed("worker/release", "worker")
    if aws.dry_run:
        starters = " and ".join(STARTERS)
        say(f"  would start the worker, queue {starters} on {FRAMES} frames of {CLIP}, wait for them and check both")
        return []
    videos, decoders = (aws.needed(f"storage/{what}", "infrastructure") for what in ("videos", "decoders"))
    dashboard = aws.needed("dashboard/address", "lambda")
    with TemporaryDirectory(prefix="codec-lab-first-") as folder:
        store = open_experiments(
            StoreSettings(
                data=Path(folder),
                store="aws",
                aws_region=aws.region,
                dynamodb_table=aws.needed("database/table", "infrastructure"),
                videos_bucket=videos,
                decoders_bucket=decoders,
                aws_endpoint_url=aws.endpoint,
            )
        )
        boxes.ensure_running(aws, worker)
        finished = []
        for record in [dispatch(store, root, starter) for starter in STARTERS]:
            say(f"{record.id}: {record.title}, {FRAMES} frames of {CLIP}")
            finished.append(follow(aws, store, record.id))
            told(finished[-1])
    proofs = [
        proof.prove(aws, starter, record, videos, decoders, dashboard)
        for starter, record in zip(STARTERS, finished, strict=True)
    ]
    say(proof.table(proofs))
    for record in finished:
        say(f"  {dashboard}/experiment/{record.id}")
    if wrong := [f"  {p.name}: {sentence}." for p in proofs for sentence in p.wrong]:
        raise Problem("The first experiments do not prove that the system works:\n" + "\n".join(wrong))
    return finished


def dispatch(store: ExperimentStore, root: Path, starter: str) -> Experiment:
    request = ExperimentRequest(
        code=(root / "gpu_agent" / "codecs" / f"{starter}.py").read_text(),
        frames=FRAMES,
        origin=Origin(kind="starter", starter=starter),
    )
    record = freeze(request, [ClipRef(name=CLIP)])
    store.create(record)
    store.add_event(record.id, "status", "queued", record.progress)
    return record


def follow(aws: Aws, store: ExperimentStore, experiment_id: str) -> Experiment:
    """Events as they come, until the run is over."""
    seen = 0

    def over() -> Experiment | None:
        nonlocal seen
        for event in store.events(experiment_id, seen):
            seen = event.seq
            say(f"  {event.message}")
        record = store.get(experiment_id)
        return record if record and record.status.terminal else None

    try:
        return aws.wait("The first experiment", over, MINUTES * 60)
    except Problem:
        record = store.get(experiment_id)
        if record and record.status is Status.QUEUED:
            raise Problem(
                f"{experiment_id} still waits: no agent takes it. Deploy the worker again (./lab deploy worker), and look "
                f"at its log, /{aws.project}/worker in CloudWatch."
            ) from None
        raise


def told(record: Experiment) -> None:
    """The figures by rate, as far as there are any."""
    say("  rate      kbit/s   Y-PSNR     SSIM")
    for row in record.results:
        ssim = "–" if row.ssim is None else f"{row.ssim:.4f}"
        say(f"  {row.rate:<6g} {row.kbps:>9.1f} {row.psnr_y:>8.2f} {ssim:>8}")
