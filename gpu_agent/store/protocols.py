"""What a home for experiments, for artifacts and for blind tests must do. The pages, the agent and the tests know only these.

An experiment is written by two sides that never overwrite one another: the agent that holds its lease writes what
was measured; people (through the lab) write notes, title, archive flag and the wish to cancel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from ..blind import BlindTest
from ..models import Audit, BDRate, Event, Experiment, Lease, PerceptualFigures, Progress, Status
from ..outline import Outline


class StoreError(RuntimeError):
    """The store cannot do it (a full disk, a locked file); the message is a sentence for the person."""


class Query(NamedTuple):
    """Which experiments to list, newest first. `before` is the cursor of the page before."""

    limit: int = 50
    before: str | None = None
    status: Status | None = None
    text: str | None = None
    archived: bool | None = False
    parent_id: str | None = None
    clip: str | None = None


class Page(NamedTuple):
    """`next` is the cursor of the page that follows, or None on the last."""

    items: list[Experiment]
    next: str | None


class ExperimentStore(Protocol):
    def create(self, experiment: Experiment) -> bool:
        """Add a new record. False, and nothing changed, where the id exists."""

    def get(self, experiment_id: str) -> Experiment | None: ...

    def page(self, query: Query) -> Page: ...

    def outlines(self) -> list[Outline]:
        """Every experiment, archived ones too, newest first, in the figures of an outline: no code, no points."""

    def waiting(self, limit: int = 1000) -> list[str]:
        """Ids that an agent may claim, oldest first: queued, or running under a lease that has run out."""

    def ahead(self, experiment_id: str) -> int:
        """How many of `waiting` an agent would take before this one."""

    def queue_depth(self) -> int: ...

    def claim(self, experiment_id: str, owner: str, seconds: float) -> Lease | None:
        """Take a waiting experiment: it becomes running, under a fence higher than any before. None: somebody else has it."""

    def renew(self, experiment_id: str, lease: Lease, seconds: float) -> bool:
        """Keep the lease. False: it was lost, stop writing."""

    def save(self, experiment: Experiment, lease: Lease) -> bool:
        """Write the agent's side of a running record; a terminal status in it ends the run. False: the lease was lost."""

    def save_progress(self, experiment_id: str, lease: Lease, progress: Progress) -> bool: ...

    def release(self, experiment_id: str, lease: Lease) -> bool:
        """Put a running experiment back into the queue, as an agent does that shuts down in order."""

    def request_cancel(self, experiment_id: str) -> Experiment | None:
        """A queued experiment becomes cancelled at once; a running one carries the wish. The record, or None if unknown."""

    def annotate(
        self,
        experiment_id: str,
        *,
        title: str | None = None,
        notes: str | None = None,
        archived: bool | None = None,
        released: str | None = None,
    ) -> bool: ...

    def set_bd_rates(self, experiment_id: str, bd_rates: dict[str, BDRate]) -> bool:
        """Say how a finished experiment stands against the anchors, by anchor name; they are measured after it."""

    def set_perceptual(self, experiment_id: str, figures: list[PerceptualFigures]) -> bool:
        """Say what was measured of a finished experiment's points after the run; all known so far, at each call."""

    def set_audit(self, experiment_id: str, audit: Audit) -> bool:
        """Say what the audit of a finished experiment found."""

    def add_event(
        self,
        experiment_id: str,
        kind: Literal["status", "stage", "point", "log", "warning"],
        message: str,
        progress: Progress | None = None,
    ) -> Event: ...

    def keep_events(self, experiment_id: str, events: list[Event]) -> None:
        """Put events of an experiment from elsewhere under their own numbers and times; a number that is taken stays."""

    def events(self, experiment_id: str, after: int = 0, limit: int = 500) -> list[Event]: ...


class BlindStore(Protocol):
    """Blind tests, each whole under a version. No two writers undo one another: what was read is written only over itself."""

    def create(self, test: BlindTest) -> bool:
        """Add a test. False, and nothing changed, where the id exists."""

    def get(self, test_id: str) -> Versioned | None: ...

    def replace(self, test: BlindTest, version: int) -> bool:
        """Write a test over the version that was read. False: somebody else wrote it since; read it again."""

    def of_pair(self, pair: str) -> list[BlindTest]:
        """Tests of these two points (`pair_of`), open ones too, newest first."""

    def of_experiment(self, experiment_id: str) -> list[BlindTest]:
        """Tests with a point of this experiment, open ones too, newest first."""


class Versioned(NamedTuple):
    """A blind test as it was read."""

    test: BlindTest
    version: int


class ArtifactStore(Protocol):
    """Files under keys such as `ID/carphone/r22/bitstream.clb`. Kept ones stay; droppable ones may vanish."""

    def put_file(self, key: str, path: Path, *, droppable: bool = False) -> None:
        """Take the file over (it is moved or uploaded, whole or not at all)."""

    def put_bytes(self, key: str, data: bytes, *, droppable: bool = False) -> None: ...

    def local(self, key: str) -> Path | None:
        """A file to read it from, or None where it is not there."""

    def keys(self, prefix: str) -> list[str]: ...

    def url(self, key: str) -> str | None:
        """An address that a browser may read it from, for an hour at most; None where `local` is the way."""
