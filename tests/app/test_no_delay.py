from __future__ import annotations

import socket
from contextlib import closing

import pytest
from streamlit.web.server.starlette import starlette_server

from app.no_delay import BIND, answer_at_once


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.setattr(starlette_server, BIND, getattr(starlette_server, BIND))


def delayed(bound: socket.socket) -> bool:
    with closing(bound), socket.create_connection(bound.getsockname()):
        bound.setblocking(True)
        taken, _ = bound.accept()
        with taken:
            return not taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_to_what_streamlit_binds_send_at_once():
    bind = lambda: starlette_server._bind_server_socket("127.0.0.1", "127.0.0.1", 0, 5)[0]
    assert delayed(bind()), "Streamlit does it itself now: app/no_delay.py can go"
    answer_at_once()
    answer_at_once()
    assert not delayed(bind())


def test_another_streamlit_is_left_alone(monkeypatch):
    monkeypatch.delattr(starlette_server, BIND)
    answer_at_once()
    assert not hasattr(starlette_server, BIND)
