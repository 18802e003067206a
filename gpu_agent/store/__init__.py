"""Where experiments and artifacts are kept: small protocols and their homes."""

from .protocols import ArtifactStore, BlindStore, ExperimentStore, Page, Query, StoreError

__all__ = ["ArtifactStore", "BlindStore", "ExperimentStore", "Page", "Query", "StoreError"]
