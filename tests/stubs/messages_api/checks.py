"""The refusals that the API documents for requests like the lab's: what is wrong with a request is a `Bad`."""

from __future__ import annotations

import base64
import json
from typing import Any

from .history import blocks_of, prefix_digest

API_VERSIONS = {"2023-06-01", "2026-10-21"}
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-1")
ADAPTIVE_ONLY = {"claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1"}
MAX_OUTPUT = 128_000
IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8", "image/webp": b"RIFF"}
IMAGE_BYTES = 5 << 20
BODY_KEYS = {
    *("max_tokens", "messages", "model", "cache_control", "metadata", "output_config", "service_tier"),
    *("stop_sequences", "stream", "system", "thinking", "tool_choice", "tools"),
}


class Bad(Exception):
    def __init__(self, message: str, status: int = 400, type: str = "invalid_request_error"):
        super().__init__(message)
        self.status, self.type = status, type


def check_request(headers: dict[str, str], body: dict[str, Any]) -> None:
    check_headers(headers)
    for name in ("model", "messages", "max_tokens"):
        if name not in body:
            raise Bad(f"{name}: Field required")
    if model_of(headers, body) not in MODELS:
        raise Bad(f"model: {body['model']}", 404, "not_found_error")
    if extra := sorted(set(body) - BODY_KEYS):
        raise Bad(f"{extra[0]}: Extra inputs are not permitted")
    check_options(body)
    check_messages(body)


def model_of(headers: dict[str, str], body: dict[str, Any]) -> str:
    """Amazon Bedrock, where requests have no x-api-key, calls Anthropic's models by a prefix, and by nothing else."""
    on_bedrock = "x-api-key" not in headers
    known = body["model"].startswith("anthropic.")
    return body["model"].removeprefix("anthropic.") if on_bedrock and known else body["model"]


def check_headers(headers: dict[str, str]) -> None:
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not key:
        raise Bad("x-api-key header or Authorization: Bearer is required", 401, "authentication_error")
    if "invalid" in key:
        raise Bad("invalid x-api-key", 401, "authentication_error")
    if headers.get("anthropic-version") not in API_VERSIONS:
        raise Bad(f"anthropic-version: {headers.get('anthropic-version')!r} is not a valid version")
    if not headers.get("content-type", "").startswith("application/json"):
        raise Bad("content-type must be application/json")


def check_options(body: dict[str, Any]) -> None:
    limit = body["max_tokens"]
    if not isinstance(limit, int) or not 1 <= limit <= MAX_OUTPUT:
        raise Bad(f"max_tokens: {limit} > {MAX_OUTPUT}, which is the maximum allowed for {body['model']}")
    kind = (body.get("thinking") or {}).get("type", "adaptive")
    if body["model"] in ADAPTIVE_ONLY and kind != "adaptive":
        raise Bad(f'"thinking.type.{kind}" is not supported for this model. Use "thinking.type.adaptive".')
    effort = (body.get("output_config") or {}).get("effort")
    if effort not in (None, "low", "medium", "high", "xhigh", "max"):
        raise Bad(f"output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max', got {effort!r}")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool") and body["model"] in ADAPTIVE_ONLY:
        raise Bad("tool_choice: forced tool use is not supported for this model")
    markers = json.dumps([body.get("system"), body.get("tools"), body["messages"]]).count('"cache_control": {')
    if markers + bool(body.get("cache_control")) > 4:
        raise Bad(f"A maximum of 4 blocks with cache_control may be provided. Found {markers}.")


def check_messages(body: dict[str, Any]) -> None:
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        raise Bad("messages: at least one message is required")
    if messages[0].get("role") != "user":
        raise Bad('messages: first message must use the "user" role')
    for i, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            raise Bad(f"messages.{i}.role: Input should be 'user' or 'assistant'")
        blocks = blocks_of(message.get("content"))
        if not blocks:
            raise Bad(f"messages.{i}: all messages must have non-empty content")
        for j, block in enumerate(blocks):
            if block.get("type") == "text" and not block.get("text", "").strip():
                raise Bad(f"messages.{i}: text content blocks must contain non-whitespace text")
            if block.get("type") == "image":
                check_image(f"messages.{i}.content.{j}", message["role"], block)
            if block.get("type") == "thinking":
                check_thinking(body, i, j, block)
    if messages[-1]["role"] == "assistant":
        raise Bad(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def check_image(where: str, role: str, block: dict[str, Any]) -> None:
    source = block.get("source") or {}
    if role != "user":
        raise Bad(f"{where}: image blocks are only permitted in user messages")
    if source.get("type") != "base64" or source.get("media_type") not in IMAGES:
        raise Bad(f"{where}.image.source.base64.media_type: Input should be one of {', '.join(IMAGES)}")
    try:
        data = base64.b64decode(source.get("data", ""), validate=True)
    except ValueError:
        raise Bad(f"{where}.image.source.base64.data: Invalid base64 data") from None
    if not data.startswith(IMAGES[source["media_type"]]):
        raise Bad(f"{where}.image.source.base64.data: Could not process image")
    if len(source["data"]) > IMAGE_BYTES:
        raise Bad(f"{where}.image.source.base64: image exceeds 5 MB maximum")


def check_thinking(body: dict[str, Any], i: int, j: int, block: dict[str, Any]) -> None:
    """A block is bound to all that came before it; another model's block is dropped without an error."""
    maker, _, signature = (block.get("signature") or "").partition(":")
    if maker == body["model"] and signature != prefix_digest(body, body["messages"][:i]):
        raise Bad(
            f"messages.{i}.content.{j}: Invalid `signature` in `thinking` block. The block is bound to a different "
            "conversation. Remove the block."
        )
