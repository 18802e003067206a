"""The first experiment: a starter codec through the whole system, its figures on the terminal, loud where it fails."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from gpu_agent.models import ClipRef, Experiment, ExperimentRequest, Origin, Status
from gpu_agent.road.freeze import freeze
from gpu_agent.store import ExperimentStore
from gpu_agent.store.open import open_experiments
from gpu_agent.store.settings import StoreSettings
from infra.launcher.terminal import Problem, say

from . import boxes
from .aws import Aws

STARTER, CLIP, FRAMES, MINUTES = "dct_intra", "carphone", 30, 30


def run(aws: Aws, root: Path) -> Experiment | None:
    """The finished record; None in a dry run. Raises Problem where it does not succeed."""
    worker = aws.needed("worker/instance", "infrastructure")
    aws.needed("worker/release", "worker")
    if aws.dry_run:
        say(f"  would start the worker, queue {STARTER} on {FRAMES} frames of {CLIP} and wait for it")
        return None
    with TemporaryDirectory(prefix="codec-lab-first-") as folder:
        store = open_experiments(
            StoreSettings(
                data=Path(folder),
                store="aws",
                aws_region=aws.region,
                dynamodb_table=aws.needed("database/table", "infrastructure"),
                videos_bucket=aws.needed("storage/videos", "infrastructure"),
                decoders_bucket=aws.needed("storage/decoders", "infrastructure"),
                aws_endpoint_url=aws.endpoint,
            )
        )
        boxes.ensure_running(aws, worker)
        record = dispatch(store, root)
        say(f"{record.id}: {record.title}, {FRAMES} frames of {CLIP}")
        finished = follow(aws, store, record.id)
    told(finished)
    say(f"It is on the dashboard: {aws.needed('dashboard/address', 'lambda')}/experiment/{finished.id}")
    return finished


def dispatch(store: ExperimentStore, root: Path) -> Experiment:
    request = ExperimentRequest(
        code=(root / "gpu_agent" / "codecs" / f"{STARTER}.py").read_text(),
        frames=FRAMES,
        origin=Origin(kind="starter", starter=STARTER),
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
    if record.status is not Status.SUCCEEDED:
        why = f"{record.error.category}: {record.error.message}" if record.error else "no reason was recorded"
        raise Problem(f"The first experiment {record.status}: {why}")
    if not record.results:
        raise Problem(
            "The first experiment succeeded without a single measured point: something is wrong with the worker."
        )
    say("  rate      kbit/s   Y-PSNR     SSIM")
    for row in record.results:
        ssim = "–" if row.ssim is None else f"{row.ssim:.4f}"
        say(f"  {row.rate:<6g} {row.kbps:>9.1f} {row.psnr_y:>8.2f} {ssim:>8}")
