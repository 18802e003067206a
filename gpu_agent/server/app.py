"""The agent as one object: server, worker, tools and store, started and stopped together."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import secrets
import socket
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

from ..audit import Auditor
from ..clips import Catalogue, JailedReading
from ..measure import check_golden
from ..models import Experiment, Status, now
from ..preview import choose
from ..road.afterwards import Afterwards
from ..road.idle import Idle
from ..road.ladders import Ladders
from ..road.tools import Tools, jail_of, uses_gpu
from ..road.worker import Worker
from ..settings import AgentSettings
from ..store.open import open_artifacts, open_experiments
from .backups import Backups
from .handler import Handler
from .heads import Heads

MAX_CONNECTIONS = 128
GOODBYE_SECONDS = 2.0
log = logging.getLogger(__name__)


class AlreadyRunning(RuntimeError):
    """Another agent works on this data folder."""


class BoundedServer(ThreadingHTTPServer):
    """A thread a connection, and no more than `MAX_CONNECTIONS` of them: the rest wait in the listen backlog, and those
    whose request does not come make room for them."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], agent: Agent):
        self.agent = agent
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self.heads = Heads()
        super().__init__(address, Handler)

    @property
    def crowded(self) -> bool:
        """So many are connected that nobody may keep a connection for later, or wait long."""
        return len(self._open) > MAX_CONNECTIONS // 2

    def process_request(self, request, client_address) -> None:
        free = self._slots.acquire(blocking=False)
        while not free:
            if self.agent.stopping:
                self.shutdown_request(request)
                return
            self.heads.end_oldest()
            free = self._slots.acquire(timeout=0.2)
        self._open.add(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._release(request)
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._release(request)

    def _release(self, request) -> None:
        self._open.discard(request)
        self._slots.release()

    def server_close(self) -> None:
        """Close the port, end the connections that wait for a next request, let answers under way go out."""
        super().server_close()
        until = time.monotonic() + GOODBYE_SECONDS
        while self._open and time.monotonic() < until:
            for request in list(self._open):
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RD)
            time.sleep(0.01)

    def handle_error(self, request, client_address) -> None:
        log.debug("connection from %s broke", client_address, exc_info=True)


class Agent:
    """Owns the data folder while it lives. `start` returns once the port answers; `stop` leaves nothing behind.

    Raises AlreadyRunning, StoreError where the records cannot be opened, or OSError for the folder or the address.
    """

    def __init__(self, settings: AgentSettings):
        self.settings, self.started_at, self.stopping = settings, now(), False
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_folder(settings.root)
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise
        self.remaking, self.coding_anchor, self.halt = threading.Lock(), threading.Lock(), threading.Event()
        self.backups = Backups(settings.database, self.idle, self.halt)
        self.drift: str | None = None
        self._threads = [
            threading.Thread(target=self.server.serve_forever, args=(0.2,), name="server", daemon=True),
            threading.Thread(target=self._begin_work, name="start", daemon=True),
        ]

    def _open(self) -> None:
        settings = self.settings
        self.token = settings.token or kept_token(settings.token_file)
        self.store = open_experiments(settings)
        jail = jail_of(settings)
        self.tools = Tools(
            settings,
            jail,
            Catalogue(settings, JailedReading(jail)),
            open_artifacts(settings),
        )
        self.tools.clear_workspaces()
        self.idle = Idle()
        self.afterwards = Afterwards(self.tools, self.store, self.idle)
        self.ladders = Ladders(self.tools, self.store, self.idle, on_rated=lambda e_id: self.auditor.look(e_id))
        self.auditor = Auditor(self.tools, self.store, self.idle, self.ladders.curve)
        self.worker = Worker(self.tools, self.store, on_busy=self.idle.hold, on_end=self._ended)
        self.server = BoundedServer((settings.agent_host, settings.agent_port), self)

    @property
    def _background(self) -> tuple[Afterwards, Ladders, Auditor]:
        """What works while no codec runs."""
        return self.afterwards, self.ladders, self.auditor

    @property
    def at_work(self) -> bool:
        """Whether something is measured of finished experiments: figures, anchors, audits."""
        return self.afterwards.at_work or self.auditor.at_work or self.ladders.progress is not None

    @property
    def url(self) -> str:
        host, port = self.server.server_address[:2]
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Answer at once; the self tests of jail and measurement run before the first experiment is taken."""
        for thread in self._threads:
            thread.start()
        log.info("agent %s answers at %s", self.settings.agent_name, self.url)

    def _begin_work(self) -> None:
        if self.settings.store == "local":
            self.backups.start()
        status = self.tools.jail.status()
        log.info("jail: %s", status.message) if status.available else log.error("no jail, no runs: %s", status.message)
        if uses_gpu(self.settings):
            self.tools.preview_by = choose()
            log.info("previews: %s", self.tools.preview_by.reason)
        self.drift = drift()
        if self.drift:
            log.error("the measurement drifts, nothing is run: %s", self.drift)
        elif not self.stopping:
            self.worker.start()
            for thread in self._background:
                thread.start()

    def _ended(self, record: Experiment) -> None:
        """What begins when a run has ended, and waits until no codec runs."""
        for thread in self._background:
            thread.want(record)

    def stop(self) -> None:
        """A run goes back into the queue, long polls are answered, the port is closed."""
        self.stopping = True
        self.halt.set()
        self.worker.notify()
        self.idle.stop()
        for thread in self._background:
            thread.stop()
        if self._threads[0].is_alive():
            self.server.shutdown()
        if self._threads[1].is_alive():
            self._threads[1].join(GOODBYE_SECONDS)
        if self.worker.is_alive():
            self.worker.stop()
        for thread in (*self._background, self.backups):
            if thread.is_alive():
                thread.join(GOODBYE_SECONDS)
        self.server.server_close()
        os.close(self._lock)

    def queue_position(self, record: Experiment) -> int | None:
        """How many are before this one, or None where it does not wait."""
        return self.store.ahead(record.id) if record.status is Status.QUEUED else None

    def waiting_for(self, record: Experiment) -> str | None:
        """A code for what keeps every experiment of this agent from starting; None where nothing does."""
        if record.status is not Status.QUEUED:
            return None
        if not self.tools.jail.status().available:
            return "sandbox_unavailable"
        return "measurement_drift" if self.drift else None


def drift() -> str | None:
    """What is wrong with the measurement on this machine, or None."""
    try:
        return check_golden()
    except Exception as problem:
        log.exception("the measurement could not be checked")
        return f"The measurement could not be checked ({type(problem).__name__}: {problem}), so nothing is run."


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
    path.chmod(0o600)
    token = path.read_text().strip()
    if not token:
        raise OSError(errno.EINVAL, "the token file is empty; delete it, and a new token is made", str(path))
    return token
