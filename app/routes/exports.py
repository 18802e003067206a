"""What can be taken away: `/export/{id}.zip` holds all of an experiment, `/comparison/report.html|csv|json?with=` a choice.

Made when they are asked for, in a thread of their own, and always downloads: nothing that others wrote is shown as a
page of the lab.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.agent_client import AgentClient, AgentDown, AgentError
from app.export.figures import csv_text, json_text
from app.export.pictures import Fetch, NoPicture
from app.export.report import report
from app.results.contender import MOST, Choice, choose, read_picks
from app.routes.agent import failure
from gpu_agent.anchors import AnchorCurve
from gpu_agent.archive import ArchiveError, write_archive
from gpu_agent.blind import BlindTest
from gpu_agent.models import Clip
from gpu_agent.road.ladders import curve_key
from gpu_agent.store import ArtifactStore, BlindStore, ExperimentStore, StoreError

EVENTS = 100_000
BUSY = 503
PATIENCE_S = 240.0
"""For all frames of a report together: an anchor's are encoded once more for it."""
AWAY = "could not be had: the agent does not answer"
TOO_LONG = "left out, because the frames before it took too long to make; ask for the report again"
KINDS = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Exports:
    store: ExperimentStore
    artifacts: ArtifactStore
    blind: BlindStore
    agent: AgentClient

    async def experiment(self, request: Request) -> Response:
        return await anyio.to_thread.run_sync(self.zipped, request.path_params["id"])

    async def comparison(self, request: Request) -> Response:
        kind, text = request.path_params["kind"], request.query_params.get("with", "")
        if kind not in KINDS:
            return failure(404, "not_found", "A comparison is a report.html, report.csv or report.json.")
        return await anyio.to_thread.run_sync(self.compared, kind, text)

    def zipped(self, experiment_id: str) -> Response:
        try:
            record = self.store.get(experiment_id)
            if record is None:
                return failure(404, "not_found", f"There is no experiment {experiment_id[:80]!r}.")
            events = self.store.events(record.id, limit=EVENTS)
            blind = self.blind.of_experiment(record.id)
            with tempfile.NamedTemporaryFile(prefix="codec-lab-export-", suffix=".zip", delete=False) as out:
                done = BackgroundTask(Path(out.name).unlink, missing_ok=True)
                try:
                    write_archive(record, events, blind, self.artifacts, out)
                except BaseException:
                    Path(out.name).unlink(missing_ok=True)
                    raise
            name = f"{record.id}.zip"
            return FileResponse(out.name, 200, HEADERS, "application/zip", done, name)
        except ArchiveError as e:
            return failure(409, "not_ended", str(e))
        except (StoreError, OSError) as e:
            return failure(503, "store", str(e))

    def compared(self, kind: str, text: str) -> Response:
        try:
            choice = self.choice(text)
        except StoreError as e:
            return failure(503, "store", str(e))
        if not choice.contenders:
            return failure(404, "not_found", "None of what is to be compared is here.")
        write: dict[str, Callable[[], str]] = {
            "html": lambda: report(choice, f"{datetime.now(UTC):%-d %B %Y}", self.picture(), self.tests(choice)),
            "csv": lambda: csv_text(choice),
            "json": lambda: json_text(choice),
        }
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="comparison.{kind}"'}
        return Response(write[kind](), 200, headers, KINDS[kind])

    def tests(self, choice: Choice) -> list[BlindTest]:
        """Closed blind tests whose experiments are all among the compared, newest first."""
        chosen = {c.key for c in choice.contenders if c.experiment is not None}
        found = {t.id: t for key in chosen for t in self.blind.of_experiment(key) if t.closed_at}
        able = [t for t in found.values() if set(t.experiments) <= chosen]
        return sorted(able, key=lambda t: t.created_at, reverse=True)

    def choice(self, text: str) -> Choice:
        return choose(read_picks(text)[:MOST], self.store.get, self.curve, self.clips())

    def curve(self, footage: tuple[str, int], anchor: str) -> AnchorCurve | None:
        path = self.artifacts.local(curve_key(*footage, anchor))
        return AnchorCurve.model_validate_json(path.read_bytes()) if path is not None else None

    def clips(self) -> list[Clip]:
        try:
            return self.agent.clips()[0]
        except (AgentDown, AgentError):
            return []

    def picture(self) -> Fetch:
        """Fetches exact frames. After the first call that finds no agent, or a busy one, it asks no more."""
        why, until = "", time.monotonic() + PATIENCE_S

        def fetch(path: str) -> bytes:
            nonlocal why
            left = until - time.monotonic()
            if why or left <= 0:
                raise NoPicture(why or TOO_LONG)
            try:
                return self.agent.artifact(path, timeout=left)
            except AgentDown:
                why = AWAY
                raise NoPicture(why) from None
            except AgentError as e:
                said = f"could not be had: {e}"
                why = said if e.status == BUSY else ""  # it waited for a run that goes on, and would for each frame
                raise NoPicture(said) from None

        return fetch
