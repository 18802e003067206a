"""The services that a walk leans on, and the folder it works in."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..clips import Catalogue
from ..jail import Jail
from ..jail.gate import PREFIX
from ..jail.unsafe import UnsafeJail
from ..models import ErrorCategory, Failure, Rate
from ..owned_folder import sweep
from ..preview import NO_GPU, Choice
from ..settings import AgentSettings
from ..store import ArtifactStore
from ..store.disk import trim
from .environment import gpu
from .report import RunFailed


@dataclass
class Tools:
    """One per agent. `gate` is held while a codec runs: runs on one machine are serial, so that times mean something.
    `previews` off: nobody will look, as in the terminal. `preview_by`: what makes those of a run."""

    settings: AgentSettings
    jail: Jail
    catalogue: Catalogue
    artifacts: ArtifactStore
    gate: threading.Lock = field(default_factory=threading.Lock)
    previews: bool = True
    preview_by: Choice = NO_GPU
    kit: Path | None = None

    @property
    def kit_home(self) -> Path:
        """Where the kit's compiled functions are kept; shared by the agent and the terminal."""
        return self.kit or self.settings.root / "kit"

    @contextmanager
    def workspace(self, name: str) -> Iterator[Path]:
        """A folder for a run's intermediate files, gone afterwards."""
        folder = self.settings.cache / "work" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clear_workspaces(self) -> None:
        """Remove what a killed agent left behind: its work, and the clips that it had laid out for its jails."""
        for parent in (self.catalogue.planes_folder, Path(tempfile.gettempdir())):
            sweep(parent, PREFIX)
        shutil.rmtree(self.settings.cache / "work", ignore_errors=True)

    def make_room(self, needed: int) -> None:
        """Keep the cache within its budget; refuse the run where the disk would fall below its floor."""
        cache = self.settings.cache
        cache.mkdir(parents=True, exist_ok=True)
        busy = cache / "work"
        trim(cache, max(0, int(self.settings.disk_budget_gb * 1e9) - needed), keep=lambda p: p.is_relative_to(busy))
        free = shutil.disk_usage(cache).free
        floor = int(self.settings.disk_floor_gb * 1e9)
        if free - needed < floor:
            trim(cache, 0, keep=lambda p: p.is_relative_to(busy))
            free = shutil.disk_usage(cache).free
        if free - needed < floor:
            raise RunFailed(
                Failure(
                    category=ErrorCategory.LOST,
                    message=f"The disk is too full for this run: it needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are "
                    f"free, and {floor / 1e9:.1f} GB must stay free. Free some space and rerun.",
                )
            )


def jail_of(settings: AgentSettings) -> Jail:
    """The jail that these settings ask for."""
    kind = Jail if settings.unsafe == "off" else UnsafeJail
    return kind(gpu=uses_gpu(settings), required=settings.require_sandbox)


def uses_gpu(settings: AgentSettings) -> bool:
    return settings.gpu == "auto" and gpu() is not None


def rate_key(rate: Rate) -> str:
    """A rate as a part of a path: r22, r2.5, r-3."""
    return f"r{rate:.12g}"
