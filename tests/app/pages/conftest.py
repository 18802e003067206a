"""The pages without a server: real stores in a temporary folder, an agent that is away."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import services as module
from app.components import soon
from app.services import Services
from app.settings import AppSettings

ENTRY = Path(module.__file__).with_name("main.py")


@pytest.fixture
def services(tmp_path, monkeypatch) -> Services:
    monkeypatch.setenv("CODEC_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("CODEC_LAB_AGENT_URL", "http://127.0.0.1:9")  # the discard port: nothing answers
    for name in ("CODEC_LAB_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    made = module.open_services(AppSettings())
    monkeypatch.setattr(module, "services", lambda: made)
    monkeypatch.setattr(soon, "soon", lambda key: True)  # there is no browser that could say that it has drawn a page
    st.cache_data.clear()
    return made


@pytest.fixture
def open_page(services):
    """Runs a page of the lab; `query` are the URL's parameters."""

    def open_(page: str, **query: str) -> AppTest:
        test = AppTest.from_file(str(ENTRY), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        test.run() if page == "lab" else test.switch_page(f"app_pages/{page}.py").run()
        assert not test.exception, test.exception
        return test

    return open_
