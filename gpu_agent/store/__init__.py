"""Where experiments and artifacts are kept: two small protocols and their homes."""

from .protocols import ArtifactStore, ExperimentStore, Page, Query, StoreError

__all__ = ["ArtifactStore", "ExperimentStore", "Page", "Query", "StoreError"]
