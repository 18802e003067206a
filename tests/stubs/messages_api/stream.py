"""Writes a message as server-sent events over a chunked response, and breaks it where the reply says so."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

from .replies import Reply

USAGE_DELTA = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
)


class Broken(Exception):
    """The response is over, as the fault wanted it."""


class EventStream:
    def __init__(self, handler: BaseHTTPRequestHandler, reply: Reply, request_id: str):
        self.handler, self.reply, self.request_id, self.deltas = handler, reply, request_id, 0

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(Broken):
            self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        usage = message["usage"]
        head = {**message, "content": [], "stop_reason": None, "stop_details": None}
        head["usage"] = {**{k: v for k, v in usage.items() if k != "output_tokens_details"}, "output_tokens": 1}
        if self.reply.fault != "nostart":
            self._event("message_start", message=head)
        self._event("ping")
        if self.reply.unknown:
            self._event("brand_new_event", x=1)
        for index, block in enumerate(message["content"]):
            self._block(index, block)
        reasons = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
        self._event("message_delta", usage={name: usage[name] for name in USAGE_DELTA}, delta=reasons)
        self._event("message_stop")
        self._end()

    def _block(self, index: int, block: dict[str, Any]) -> None:
        key = block["type"]
        empty = {"text": ""} if key == "text" else {"thinking": "", "signature": ""}
        self._event("content_block_start", index=index, content_block={**block, **empty})
        size = self.reply.chunk
        for start in range(0, len(block[key]), size):
            self._delta(index, f"{key}_delta", key, block[key][start : start + size])
        if key == "thinking":
            self._delta(index, "signature_delta", "signature", block["signature"])
        self._event("content_block_stop", index=index)

    def _delta(self, index: int, kind: str, key: str, piece: str) -> None:
        if self.reply.fault and self.deltas >= self.reply.after:
            self._break()
        self._event("content_block_delta", index=index, delta={"type": kind, key: piece})
        self.deltas += 1
        time.sleep(self.reply.delay)

    def _event(self, name: str, **fields: Any) -> None:
        self._raw(f"event: {name}\ndata: {json.dumps({'type': name, **fields}, ensure_ascii=False)}\n\n".encode())

    def _raw(self, data: bytes) -> None:
        size = self.reply.split_bytes or len(data)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.handler.wfile.flush()

    def _end(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def _break(self) -> None:
        fault, handler = self.reply.fault, self.handler
        if fault in ("overloaded", "api"):
            error = {"type": f"{fault}_error" if fault == "api" else "overloaded_error", "message": fault.title()}
            self._event("error", error=error, request_id=self.request_id)
            self._end()
        elif fault == "reset":  # lingering for zero seconds makes close() send RST
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
        elif fault == "truncate":
            handler.close_connection = True
        elif fault == "eof":
            self._end()
        elif fault == "badjson":
            self._raw(b'event: content_block_delta\ndata: {"type": "content_block_delta", "ind\n\n')
            self._end()
        elif fault == "stall":
            handler.server.stub.released.wait(self.reply.stall)  # type: ignore[attr-defined]
            handler.close_connection = True
        else:
            return
        raise Broken
