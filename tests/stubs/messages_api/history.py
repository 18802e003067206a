"""Conversation prefixes: canonical form, digests that thinking blocks are signed with, and what the cache would hold."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

CACHE_SECONDS = 300


def blocks_of(content: Any) -> list[dict]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])


def canonical(value: Any) -> Any:
    """Without cache markers and absent citations, and with plain strings as text blocks."""
    if isinstance(value, dict):
        kept = {k: v for k, v in sorted(value.items()) if k != "cache_control" and (k != "citations" or v)}
        return {k: canonical(blocks_of(v) if k == "content" and isinstance(v, str) else v) for k, v in kept.items()}
    return [canonical(item) for item in value] if isinstance(value, list) else value


def digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(canonical(list(parts)), sort_keys=True).encode()).hexdigest()[:24]


def prefix_digest(body: dict, messages: list) -> str:
    """What a thinking block is bound to: system, tools and every message before it."""
    return digest(blocks_of(body.get("system")), body.get("tools") or [], messages)


def tokens(value: Any) -> int:
    return max(1, len(json.dumps(shortened(canonical(value)), ensure_ascii=False)) // 4) if value else 0


def shortened(value: Any) -> Any:
    """Pictures are billed by their size on the screen, not by their bytes: a few hundred tokens each."""
    if isinstance(value, dict):
        if value.get("type") == "base64":
            return {**value, "data": value.get("data", "")[:1600]}
        return {k: shortened(v) for k, v in value.items()}
    return [shortened(item) for item in value] if isinstance(value, list) else value


class PromptCache:
    """The documented prefix rule: tools, system, messages; a marker on a block, or the top-level one on the last."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def count(self, body: dict) -> tuple[int, int, int]:
        """(read, written, uncached) tokens of this request; remembers its prefixes."""
        units = [*(body.get("tools") or []), *blocks_of(body.get("system"))]
        for message in body["messages"]:
            units += [{"role": message["role"], **block} for block in blocks_of(message["content"])]
        marks = [i for i, unit in enumerate(units) if unit.get("cache_control")]
        if body.get("cache_control"):
            marks.append(len(units) - 1)
        sizes = [tokens(unit) for unit in units]
        if not marks:
            return 0, 0, sum(sizes)
        keys = [digest(body["model"], units[: i + 1]) for i in range(len(units))]
        now, last = time.monotonic(), max(marks)
        fresh = [i for i in range(last + 1) if now - self._seen.get(keys[i], -CACHE_SECONDS) < CACHE_SECONDS]
        read = sum(sizes[: max(fresh) + 1]) if fresh else 0
        self._seen |= {keys[i]: now for i in marks}
        return read, sum(sizes[: last + 1]) - read, sum(sizes[last + 1 :])
