"""The agent as one object: server, worker, tools and store, started and stopped together."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from ..audit import Auditor
from ..clips import Catalogue
from ..jail import Jail
from ..measure import check_golden
from ..models import Experiment, Status, now
from ..road.environment import gpu
from ..road.idle import Idle
from ..road.ladders import Ladders
from ..road.tools import Tools
from ..road.worker import Worker
from ..settings import AgentSettings
from ..store.folder import FolderArtifacts
from ..store.local import LocalExperiments
from .handler import Handler

MAX_CONNECTIONS = 128
log = logging.getLogger(__name__)


class AlreadyRunning(RuntimeError):
    """Another agent works on this data folder."""


class BoundedServer(ThreadingHTTPServer):
    """A thread a connection, and no more than `MAX_CONNECTIONS` of them: the rest wait in the listen backlog."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], agent: Agent):
        self.agent = agent
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, Handler)

    def process_request(self, request, client_address) -> None:
        self._slots.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request, client_address) -> None:
        log.debug("connection from %s broke", client_address, exc_info=True)


class Agent:
    """Owns the data folder while it lives. `start` returns once the port answers; `stop` leaves nothing behind."""

    def __init__(self, settings: AgentSettings):
        self.settings, self.started_at, self.stopping = settings, now(), False
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_folder(settings.root)
        self.token = settings.token or kept_token(settings.token_file)
        self.store = LocalExperiments(settings.database)
        self.tools = Tools(
            settings,
            Jail(gpu=settings.gpu == "auto" and gpu() is not None, required=settings.require_sandbox),
            Catalogue(settings),
            FolderArtifacts(settings.artifacts, settings.cache / "artifacts"),
        )
        self.tools.clear_workspaces()
        self.remaking = threading.Lock()
        self.drift: str | None = None
        self.idle = Idle()
        self.ladders = Ladders(self.tools, self.store, self.idle, on_rated=lambda e_id: self.auditor.look(e_id))
        self.auditor = Auditor(self.tools, self.store, self.idle, self.ladders.curve)
        self.worker = Worker(self.tools, self.store, on_busy=self.idle.hold, on_end=self._ended)
        self.server = BoundedServer((settings.agent_host, settings.agent_port), self)

    @property
    def url(self) -> str:
        host, port = self.server.server_address[:2]
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Answer at once; the self tests of jail and measurement run before the first experiment is taken."""
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
        threading.Thread(target=self._begin_work, name="start", daemon=True).start()
        log.info("agent %s answers at %s", self.settings.agent_name, self.url)

    def _begin_work(self) -> None:
        status = self.tools.jail.status()
        log.info("jail: %s", status.message) if status.available else log.error("no jail, no runs: %s", status.message)
        self.drift = check_golden()
        if self.drift:
            log.error("the measurement drifts, nothing is run: %s", self.drift)
        elif not self.stopping:
            self.worker.start()
            self.ladders.start()
            self.auditor.start()

    def _ended(self, record: Experiment) -> None:
        """What begins when a run has ended, and waits until no codec runs."""
        self.ladders.want(record)
        self.auditor.want(record)

    def stop(self) -> None:
        self.stopping = True
        self.worker.notify()
        self.idle.stop()
        self.ladders.stop()
        self.auditor.stop()
        if self.worker.is_alive():
            self.worker.stop()
        self.server.shutdown()
        self.server.server_close()
        os.close(self._lock)

    def queue_position(self, record: Experiment) -> int | None:
        """How many are before this one, or None where it does not wait."""
        if record.status is not Status.QUEUED:
            return None
        waiting = self.store.waiting()
        return waiting.index(record.id) if record.id in waiting else None


def take_folder(root: Path) -> int:
    """Lock the data folder for this process. The lock goes with the process, however it ends."""
    handle = os.open(root / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise AlreadyRunning(
            f"An agent already works on {root}. Stop it, or give this one another CODEC_LAB_DATA."
        ) from None
    return handle


def kept_token(path: Path) -> str:
    """The token of this data folder, made on first start, readable by its owner alone and never half written."""
    if not path.exists():
        fresh = path.with_name(f".token-{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
