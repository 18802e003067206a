"""What a walk along the road tells whoever watches: the agent's store, or the terminal of ./lab eval."""

from __future__ import annotations

from typing import Literal, Protocol

from ..models import Experiment, Failure, Progress

EventKind = Literal["status", "stage", "point", "log", "warning"]


class Reporter(Protocol):
    def progress(self, progress: Progress) -> None:
        """Called often; the watcher thins it out."""

    def event(self, kind: EventKind, message: str, progress: Progress | None = None) -> None: ...

    def save(self, experiment: Experiment) -> None:
        """The record as it now is; terminal when its status says so."""


class RunFailed(Exception):
    """The run ends as failed. `log` is what the codec printed in the jail run that failed."""

    def __init__(self, failure: Failure, log: str = ""):
        super().__init__(failure.message)
        self.failure, self.log = failure, log


class RunCancelled(Exception):
    """A person asked for the run to stop."""


def of_the_agent(bug: Exception) -> str:
    """The sentence for what is no fault of the codec."""
    if isinstance(bug, OSError):
        return f"The agent could not go on: {bug.strerror or bug}."
    return f"The agent itself failed ({type(bug).__name__}: {bug}); the codec is not to blame."
