"""Streamlit's scripts for what a page shows, named in the page's headers so that they are loaded while it starts.

Streamlit asks for the script of an element once the element arrives: after the page's own scripts, the WebSocket and a
run of the page's script. Plotly alone is 4.7 MB to load and compile; with the header that happens meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .at_root import is_page

SHOWN: Mapping[str, tuple[str, ...]] = {
    "": ("PlotlyChart", "BidiComponent", "ChatInput", "Multiselect", "TextInput", "NumberInput", "MenuButton"),
    "experiment": ("PlotlyChart", "BidiComponent", "Selectbox", "ButtonGroup", "PageLink", "Button"),
    "experiments": ("DataFrame", "Selectbox", "TextInput"),
    "autopilot": ("PlotlyChart", "Selectbox", "Multiselect", "TextInput", "TextArea", "NumberInput", "Slider"),
    "compare": ("PlotlyChart", "DataFrame", "BidiComponent", "Multiselect"),
    "leaderboard": ("PlotlyChart", "DataFrame", "Selectbox", "ButtonGroup"),
    "lineage": ("PlotlyChart", "Selectbox"),
}
"""By page, the elements of its first screen that come in scripts of their own, by the name of Streamlit's script: the
large ones, because a proxy in front of the lab may take no more than 4 KB of headers."""
FOLDER = "static/js"
NAMED = re.compile(rf"{FOLDER}/([\w.-]+\.js)")
IMPORTED = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")


class LoadAhead:
    """Adds the `Link` header to the pages of SHOWN. `static`: the folder that Streamlit serves as its own.

    A script whose name is not found there is left out: the page then loads it when it needs it.
    """

    def __init__(self, app: ASGIApp, static: Path) -> None:
        self.app = app
        scripts = Scripts(static / FOLDER)
        start = scripts.closure(NAMED.findall((static / "index.html").read_text()))
        self.links = {page: header(scripts.of(names) - start) for page, names in SHOWN.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        links = self.links.get(scope["path"].strip("/")) if scope["type"] == "http" else None

        async def with_links(message: Message) -> None:
            if is_page(message):
                MutableHeaders(scope=message).append("Link", links or "")
            await send(message)

        await self.app(scope, receive, with_links if links else send)


class Scripts:
    """The scripts in a folder and what they import, each file read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._imports: dict[str, list[str]] = {}

    def of(self, names: Iterable[str]) -> set[str]:
        """The scripts of elements, with everything that they import."""
        return self.closure(file.name for name in names for file in self.folder.glob(f"{name}.*.js"))

    def closure(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        open_ = list(names)
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self.imports(name)
        return found

    def imports(self, name: str) -> list[str]:
        if name not in self._imports:
            file = self.folder / name
            self._imports[name] = IMPORTED.findall(file.read_text()) if file.is_file() else []
        return self._imports[name]


def header(names: Iterable[str]) -> str:
    return ", ".join(f"</{FOLDER}/{name}>; rel=modulepreload" for name in sorted(names))
