"""Opens the stores that the settings name. The only place that knows which homes there are."""

from __future__ import annotations

from .blind import LocalBlind
from .folder import FolderArtifacts
from .local import LocalExperiments
from .local.backup import refuse_lost
from .protocols import ArtifactStore, BlindStore, ExperimentStore
from .settings import StoreSettings


def open_experiments(settings: StoreSettings) -> ExperimentStore:
    """Raises StoreError with a sentence where it cannot be opened. On AWS nothing is asked before the first call."""
    if settings.store == "local":
        refuse_lost(settings.root / "lab.db", settings.root / "artifacts")
        return LocalExperiments(settings.root / "lab.db")
    from .aws.experiments import DynamoExperiments  # boto3 is loaded where it is used

    return DynamoExperiments.from_settings(settings, open_artifacts(settings))


def open_artifacts(settings: StoreSettings) -> ArtifactStore:
    """As `open_experiments`. The cache folder of the one home holds what the other drops first."""
    cache = settings.root / "cache" / "artifacts"
    if settings.store == "local":
        return FolderArtifacts(settings.root / "artifacts", cache)
    from .aws.artifacts import S3Artifacts

    return S3Artifacts.from_settings(settings, cache)


def artifact_origins(settings: StoreSettings) -> list[str]:
    """Where a browser is sent for artifacts, besides the lab itself; nowhere where they lie at home."""
    if settings.store == "local":
        return []
    from .aws.artifacts import origins

    return origins(settings)


def open_blind(settings: StoreSettings) -> BlindStore:
    """As `open_experiments`. Blind tests lie beside the experiments."""
    if settings.store == "local":
        refuse_lost(settings.root / "lab.db", settings.root / "artifacts")
        return LocalBlind(settings.root / "lab.db", before=settings.root / "app.db")
    from .aws.blind import DynamoBlind

    return DynamoBlind.from_settings(settings)
