from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from app.routes.ahead import FOLDER, SHOWN, LoadAhead
from app.server import ENTRY


def client(static: Path) -> TestClient:
    page = lambda request: HTMLResponse("<p>page")
    routes = [Route("/compare.txt", lambda r: PlainTextResponse("no page")), Route("/{page:path}", page)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(LoadAhead, static=static)]))


@pytest.fixture
def static(tmp_path):
    scripts = {
        "index.aa.js": 'import{a}from"./shared.bb.js";',
        "shared.bb.js": "export const a=1",
        "PlotlyChart.cc.js": 'import{a}from"./shared.bb.js";import"./parts.dd.js";import("./seldom.ee.js")',
        "parts.dd.js": "import'./PlotlyChart.cc.js'",
        "seldom.ee.js": "",
    }
    (tmp_path / FOLDER).mkdir(parents=True)
    for name, text in scripts.items():
        (tmp_path / FOLDER / name).write_text(text)
    (tmp_path / "index.html").write_text(f'<script type="module" src="./{FOLDER}/index.aa.js"></script>')
    return tmp_path


def test_a_page_names_what_its_elements_load_beyond_what_every_page_loads(static):
    links = client(static).get("/lineage").headers["link"]
    assert re.findall(r"</static/js/([\w.]+)>; rel=modulepreload", links) == ["PlotlyChart.cc.js", "parts.dd.js"]


@pytest.mark.parametrize("path", ["/compare.txt", "/elsewhere", "/experiments"])
def test_other_answers_and_pages_without_known_elements_name_nothing(static, path):
    assert "link" not in client(static).get(path).headers


def test_every_page_of_the_lab_names_scripts_that_this_streamlit_has():
    pages = {file.stem for file in (ENTRY.parent / "app_pages").glob("[a-z]*.py")}
    assert set(SHOWN) == pages - {"lab"} | {""}
    folder = Path(get_static_dir())
    ask = client(folder)
    for page, elements in SHOWN.items():
        links = ask.get(f"/{page}").headers["link"]
        assert len(links) < 3600, page  # nginx reads no more than 4096 bytes of headers unless it is told to
        named = re.findall(r"</([\w/.-]+)>", links)
        assert all((folder / name).is_file() for name in named)
        for element in elements:
            assert any(name.startswith(f"{FOLDER}/{element}.") for name in named), (page, element)
