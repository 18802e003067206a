"""Answers that leave at once: TCP_NODELAY on the lab's socket.

asyncio sets it only on sockets made with `IPPROTO_TCP`; Streamlit binds its own without naming the protocol. Headers and
body are two writes, so Nagle's algorithm held every body back until the browser acknowledged the headers: 40 ms for each
of the hundred files of a page, and for many a WebSocket message.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import wraps

from streamlit.web.server.starlette import starlette_server

from app.wrapping import wrap

BIND = "_bind_socket"
"""Streamlit's own function that makes the listening socket; connections inherit its options."""


def answer_at_once() -> None:
    """From now on, what Streamlit binds has TCP_NODELAY. Nothing happens where a Streamlit binds otherwise."""
    wrap(starlette_server, BIND, undelayed)


def undelayed(bind: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    @wraps(bind)
    def bound(*args: object, **kwargs: object) -> socket.socket:
        made = bind(*args, **kwargs)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    return bound
