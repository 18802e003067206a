"""Every route that the lab's server has, as addresses to ask for: the lab's own and Streamlit's."""

from __future__ import annotations

import re
from unittest.mock import MagicMock

from starlette.routing import WebSocketRoute
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

from app import server


def own_routes() -> list:
    """Everything that the server answers beside the pages; nothing behind the gate is reached, so nothing need be there."""
    return server.routes({}, MagicMock(), MagicMock(), MagicMock())


def addresses() -> list[tuple[list[str], str]]:
    """(methods, path) of every route of the lab and of Streamlit, by a path that it takes."""
    found = []
    for route in [*own_routes(), *create_streamlit_routes(MagicMock())]:
        if isinstance(route, WebSocketRoute):
            continue
        path = re.sub(r"{\w+:int}", "7", route.path)
        path = re.sub(r"{\w+(:path)?}", "x", path) or "/"
        found.append((sorted(getattr(route, "methods", None) or ["GET"]), path))
    return found
