"""The public dashboard: HTML rendered from the table at each request. Ships alone: standard library and boto3.

Everything that comes out of the table is hostile (titles, names, tracebacks are a codec writer's words) and is escaped
where it is put into the page. There is no script. Pages are bounded: so many rows, so many bytes of each text.

/                   best results against the anchors, latest experiments (?before= for older ones)
/experiment/ID      one experiment: figures, rate-distortion chart, source and decoded video, the decoder
"""

from __future__ import annotations

import logging
import re
from typing import Any

from aws import ID, Item
from dashboard.experiment import experiment_page
from dashboard.frame import POLICY, page
from dashboard.overview import overview

log = logging.getLogger()
log.setLevel(logging.INFO)


def handler(event: Item, context: Any) -> Item:
    """A request of a function URL (payload 2.0) to its answer. Never raises: what fails is said, and logged."""
    http = event.get("requestContext", {}).get("http", {})
    method, path = http.get("method", "GET"), event.get("rawPath", "/")
    if method not in ("GET", "HEAD"):
        return answer(405, page("Not allowed", "<p>This dashboard is only read.</p>"), method, {"allow": "GET, HEAD"})
    try:
        if path in ("/", ""):
            return answer(200, overview((event.get("queryStringParameters") or {}).get("before")), method)
        if (found := re.fullmatch(r"/experiment/([^/]+)", path)) and ID.fullmatch(found[1]):
            body = experiment_page(found[1])
            if body is not None:
                return answer(200, body, method)
        return answer(404, page("Not found", '<p>There is no such page. <a href="/">To the latest</a></p>'), method)
    except Exception:
        log.exception("%s failed", path[:200])
        message = "<p>The table could not be read just now. Try again in a moment.</p>"
        return answer(503, page("Not available", message), method, {"retry-after": "10"})


def answer(status: int, body: str, method: str, more: dict[str, str] | None = None) -> Item:
    return {
        "statusCode": status,
        "headers": {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "strict-transport-security": "max-age=31536000; includeSubDomains",
            **(more or {}),
        },
        "body": "" if method == "HEAD" else body,
    }
