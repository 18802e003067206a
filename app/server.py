"""The lab's server: Streamlit's pages with the lab's own routes beside them, started from Python.

Streamlit looks for its configuration in folders of its own choosing; the lab keeps it in `streamlit_config/`, so the
file is flattened into the options of `App.run`.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Route
from streamlit.file_util import get_static_dir

from app.agent_client import AgentClient
from app.blind import BlindTests
from app.left_page import ignore_left_pages
from app.no_delay import answer_at_once
from app.replaced_run import keep_clicks
from app.routes.agent import AgentPipe
from app.routes.ahead import SHOWN, LoadAhead
from app.routes.artifacts import ArtifactSource
from app.routes.assets import Assets
from app.routes.at_root import AtRoot
from app.routes.blind import Blind
from app.routes.exports import Exports
from app.routes.health import health
from app.routes.safety import OwnPages, SecurityHeaders
from app.routes.upload import Upload
from app.settings import CONFIG_FOLDER, AppSettings
from app.sign_in import Gate, SignIn, sign_in
from gpu_agent.store.open import artifact_origins, open_artifacts, open_blind, open_experiments

ENTRY = Path(__file__).resolve().with_name("main.py")


def routes(
    assets: Mapping[str, Path],
    artifacts: ArtifactSource,
    exports: Exports | None = None,
    blind: Blind | None = None,
) -> list[BaseRoute]:
    """What the server answers beside the pages. `assets`: file by name in `/assets/`."""
    taken_away = (
        [
            Route("/export/{id}.zip", exports.experiment, methods=["GET"]),
            Route("/comparison/report.{kind}", exports.comparison, methods=["GET"]),
        ]
        if exports
        else []
    )
    letters = (
        [
            Route("/blind/{trial}/{side}/preview.mp4", blind.preview, methods=["GET"]),
            Route("/blind/{trial}/{side}/frames/{number:int}.png", blind.frame, methods=["GET"]),
        ]
        if blind
        else []
    )
    return [
        *taken_away,
        *letters,
        Route("/health", health, methods=["GET"]),
        Route("/assets/{name}", Assets(assets).asset, methods=["GET", "HEAD"]),
        Route("/artifacts/{path:path}", artifacts.artifact, methods=["GET", "HEAD"]),
        Route("/upload", Upload(artifacts.agent).upload, methods=["POST"]),
    ]


def middleware(settings: AppSettings, signing_in: SignIn | None = None) -> list[Middleware]:
    """Around everything, Streamlit's own answers and WebSocket included."""
    gate = [Middleware(Gate, sign_in=signing_in)] if signing_in else []
    return [
        Middleware(SecurityHeaders, homes=artifact_origins(settings)),
        Middleware(LoadAhead, static=Path(get_static_dir())),
        Middleware(AtRoot, pages=SHOWN),
        Middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts, www_redirect=False),
        Middleware(OwnPages),
        *gate,
    ]


def configuration(settings: AppSettings, file: Path = CONFIG_FOLDER / "config.toml") -> dict[str, Any]:
    """Streamlit's options by dotted name: the file's, and the address from the settings.

    No secrets.toml is for Streamlit to find: one in a person's home would have a say in who is signed in.
    """
    options = dict(flat(tomllib.loads(file.read_text())))
    return options | {"server.address": settings.app_host, "server.port": settings.app_port, "secrets.files": []}


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


HEAVY = ("pandas", "pyarrow", "plotly.graph_objects", "scipy.interpolate", "bjontegaard", "anthropic")
"""What the pages need and what takes seconds to load."""


def load_ahead() -> None:
    """So that the first visitor does not wait for it. What cannot be loaded is said by the page that needs it."""
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def serve(settings: AppSettings, assets: Mapping[str, Path]) -> None:
    """Serve the lab until SIGTERM or SIGINT. Raises SignInError, before anything answers."""
    signing_in = sign_in(settings)
    threading.Thread(target=load_ahead, name="load-ahead", daemon=True).start()
    agent = AgentPipe(settings.agent_url, settings.bearer_token)
    stored = open_artifacts(settings)
    artifacts = ArtifactSource(settings.artifacts, agent, stored)
    tests = open_blind(settings)
    blind = Blind(BlindTests(tests), artifacts)
    client = AgentClient(settings.agent_url, settings.bearer_token)
    exports = Exports(open_experiments(settings), stored, tests, client)
    app = st.App(
        ENTRY,
        secrets={"auth": dict(signing_in.section)} if signing_in else None,
        routes=routes(assets, artifacts, exports, blind),
        middleware=middleware(settings, signing_in),
        lifespan=agent.lifespan,
    )
    answer_at_once()
    ignore_left_pages()
    keep_clicks()
    app.run(config=configuration(settings))
