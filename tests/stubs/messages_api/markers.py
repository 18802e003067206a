"""The stub's own codec, and the markers in a user's text that make it answer otherwise.

`[[stub key=value …]]` takes every numeric or text field of `Reply`, and:
`status=529` (with `retry-after=2`, `times=1`: only so many times, then a good reply), and
`codec=` none (prose only) | open (fence not closed) | syntax | missing (no decode) | crash (encode raises) | endless.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from gpu_agent.contract import EXAMPLE

from .history import blocks_of
from .replies import HttpError, Reply

STATUS_TYPE = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MARKER = re.compile(r"\[\[stub ([^\]]*)\]\]")
NUMBER = {"int": int, "float": float, "bool": lambda text: text in ("1", "true")}
THINKING = "The frames differ little from one to the next, so code the difference. A dead zone saves more bits."


def codec(turn: int) -> str:
    """A working codec: the contract's example with a dead zone that widens with every turn of the conversation."""
    plain = "levels = np.round((flat(frame) - known) / rate).astype(np.int16)"
    offset = max(0.25, 0.5 - 0.05 * turn)
    dead_zone = (
        "difference = flat(frame) - known\n"
        f"        levels = (np.sign(difference) * np.floor(np.abs(difference) / rate + {offset:.2f})).astype(np.int16)"
    )
    if plain not in EXAMPLE:
        raise ValueError("the contract's example has changed: adapt the stub's codec to it")
    title = f"Difference to the previous frame with a dead zone, version {turn}."
    return re.sub(r'\A""".*?"""', f'"""{title}"""', EXAMPLE.replace(plain, dead_zone), count=1, flags=re.S)


def answer(code: str, kind: str = "good") -> str:
    if kind == "none":
        return "A dead zone quantiser rounds small differences to zero, which saves bits where nothing moves."
    broken = {
        "syntax": code.replace("def decode(packets, info):", "def decode(packets, info)"),
        "missing": code[: code.index("def decode")],
        "crash": code.replace(
            "    for frame in video:", '    raise RuntimeError("the stub was told to crash")\n    for frame in video:'
        ),
        "endless": code.replace("    for frame in video:", "    while True:\n        pass\n    for frame in video:"),
    }
    text = (
        "Small differences are mostly noise, so they become zero.\n\n"
        "Expected: -3 % bits, because a wider dead zone leaves out noise.\n\n"
        f"````python codec\n{broken.get(kind, code)}````\n"
    )
    return text.removesuffix("````\n") if kind == "open" else text + "\nPSNR should be slightly lower.\n"


class Markers:
    """Chooses the reply to a request that nothing was queued for."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def reply(self, body: dict[str, Any]) -> Reply | HttpError:
        turn = sum(message["role"] == "user" for message in body["messages"])
        last = "\n".join(b.get("text", "") for b in blocks_of(body["messages"][-1]["content"]))
        found = MARKER.search(last)
        options = dict(part.split("=", 1) for part in found[1].split()) if found else {}
        if "status" in options and self._again(last, int(options.get("times", 1_000_000))):
            status = int(options["status"])
            headers = {"retry-after": options["retry-after"]} if "retry-after" in options else {}
            return HttpError(status, STATUS_TYPE.get(status, "api_error"), "the marker said so", headers)
        reply = Reply(text=answer(codec(turn), options.get("codec", "good")), thinking=THINKING)
        known = {f.name: NUMBER.get(str(f.type), str) for f in fields(Reply)}
        if "fault" in options and "times" in options and not self._again(last, int(options["times"])):
            return reply
        return replace(reply, **{name: known[name](value) for name, value in options.items() if name in known})

    def _again(self, text: str, times: int) -> bool:
        self._times[text] = self._times.get(text, 0) + 1
        return self._times[text] <= times
