"""Every way in which a turn can fail, as one sentence with the next step, and whether trying again makes sense."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import anthropic
import httpx2

NO_KEY = (
    "No API key for Claude is set: set ANTHROPIC_API_KEY in the environment or in streamlit_config/secrets.toml, "
    "restart the lab and send your message again."
)
UNSENDABLE = "The address or the key for Claude is not one that can be sent; check both settings, then restart the lab."
CUT = "The connection to Claude was cut before the reply was whole; what arrived is kept, so ask for the rest."
NOTHING_CAME = "The connection to Claude failed before anything arrived; check the network and send the message again."
LEFT_UNFINISHED = "Claude stopped for an unexpected reason ({}); what arrived is kept, so ask it to go on."
HISTORY = (
    "Claude no longer accepts this conversation's history; everything stays readable here, "
    "so go on in a new conversation with the current draft."
)
TOO_LONG = (
    "This conversation is longer than Claude can read at once; start a new conversation from the current draft, "
    "which needs none of the old messages."
)

STOPPED_BY = {
    "max_tokens": "The reply reached its limit of tokens before it was whole; what arrived is kept, "
    "so ask for a shorter reply or raise the limit.",
    "model_context_window_exceeded": TOO_LONG,
}

BY_STATUS = {
    401: "Claude rejected the API key; check ANTHROPIC_API_KEY, restart the lab and send the message again.",
    402: "The Claude account cannot pay for this request; add credit or settle billing in the Claude Console, "
    "then send the message again.",
    403: "The API key may not use this model or workspace; choose another model or a key with that permission.",
    404: "Claude does not know the model {model}, or the key has no access to it; choose another model.",
    408: "Claude took too long to accept the request; send the message again.",
    409: "Claude reported a conflicting request; send the message again.",
    413: "The message is too large for Claude; shorten the message, or start a new conversation.",
    429: "Claude's rate limit for this key is used up; wait a minute and send the message again.",
    504: "Claude timed out on this request; send the message again, or lower the effort.",
    529: "Claude is overloaded at the moment; wait a minute and send the message again.",
}
BEDROCK_BY_STATUS = {
    401: "Amazon Bedrock did not accept the credentials; sign in to AWS again or set a new AWS_BEARER_TOKEN_BEDROCK, "
    "then send the message again.",
    403: "The AWS credentials may not use {model} on Amazon Bedrock; ask for access to the model and for the permission "
    "to call it in this region, or choose another model.",
    404: "Amazon Bedrock does not know the model {model} in this region; choose another model or another region.",
}
"""Where a way out differs from that of Anthropic's own API."""
NO_AWS = (
    "No usable AWS credentials were found for Amazon Bedrock: sign in with the AWS command line, give this machine a "
    "role, or set AWS_BEARER_TOKEN_BEDROCK and restart the lab; then send the message again."
)
NO_BOTO = (
    "Amazon Bedrock needs the package boto3, which is not installed: install requirements.txt, then restart the lab."
)
TYPE_STATUS = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
    "api_error": 500,
}
RETRIED = (408, 409, 429)


@dataclass(frozen=True)
class Trouble:
    """`sentence` is for the person; `detail` is the service's own words; `retry_after` is in seconds, if it said so.

    `unbilled`: the request never reached the service, or was refused before a reply began.
    """

    sentence: str
    detail: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    request_id: str | None = None
    unbilled: bool = False


def trouble(error: Exception, model: str, arrived: bool, bedrock: bool = False) -> Trouble:
    """Explain an exception of the SDK or its transport. `arrived`: some of the reply is already on the screen."""
    if isinstance(error, anthropic.APIStatusError):
        return of_status(error, model, arrived, bedrock)
    if bedrock and (problem := of_aws(error)):
        return problem
    cause = error.__cause__ if isinstance(error, anthropic.APIConnectionError) and error.__cause__ else error
    if isinstance(cause, httpx2.LocalProtocolError | httpx2.InvalidURL | httpx2.UnsupportedProtocol | UnicodeError):
        return Trouble(UNSENDABLE, unbilled=True)  # without a detail: its words may quote the key
    detail = f"{type(cause).__name__}: {cause}"[:500]
    unbilled = isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        what = "the rest of the reply did not come" if arrived else "Claude did not answer"
        keep = "what arrived is kept, so ask for the rest" if arrived else "send the message again, or lower the effort"
        return Trouble(f"Timed out: {what} in time; {keep}.", detail, retryable=True, unbilled=unbilled)
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError | json.JSONDecodeError | AssertionError):
        return Trouble(CUT if arrived else NOTHING_CAME, detail, retryable=True, unbilled=unbilled)
    return Trouble(
        "The lab could not read Claude's reply; what arrived is kept, so send the message again or choose another model.",
        detail,
    )


def of_aws(error: Exception) -> Trouble | None:
    """What goes wrong before a request to Bedrock can be signed. The words of these errors quote no secret."""
    if isinstance(error, ImportError):
        return Trouble(NO_BOTO, str(error)[:500], unbilled=True)
    unsigned = type(error).__module__.startswith("botocore") or "AWS credentials" in str(error)
    return Trouble(NO_AWS, f"{type(error).__name__}: {error}"[:500], unbilled=True) if unsigned else None


def of_status(error: anthropic.APIStatusError, model: str, arrived: bool, bedrock: bool = False) -> Trouble:
    # Inside a stream the HTTP status is 200 whatever went wrong; only the body's type tells.
    status = TYPE_STATUS.get(error.type or "", error.status_code) if error.status_code == 200 else error.status_code
    words = error.api_message or (error.message or "")[:200]
    return Trouble(
        sentence=sentence(status, error, words, model, arrived, BEDROCK_BY_STATUS if bedrock else {}),
        detail=f"HTTP {error.status_code} {error.type or ''}: {words}"[:500],
        retryable=retryable(status, error),
        retry_after=retry_after(error.response.headers),
        request_id=error.request_id,
        unbilled=error.status_code != 200,
    )


def sentence(
    status: int, error: anthropic.APIStatusError, words: str, model: str, arrived: bool, own: Mapping[int, str]
) -> str:
    """`own`: sentences by status that go before the common ones."""
    low = words.lower()
    # The API has no code for these three: its wording is the only sign, and a miss still gives the plain sentence.
    if "credit balance" in low or error.type == "billing_error":
        return BY_STATUS[402]
    if status in (400, 413) and ("prompt is too long" in low or "context window" in low or "context limit" in low):
        return TOO_LONG
    if status in (400, 422):
        if "signature" in low or low.startswith(("messages.", "messages:")):
            return HISTORY
        return (
            f"Claude refused the request as invalid ({clip(words)}); choose another model or effort and send it again."
        )
    if arrived:
        return f"Claude's service broke off in the middle of the reply ({clip(words)}); what arrived is kept, so ask for the rest."
    if status in own or status in BY_STATUS:
        return (own.get(status) or BY_STATUS[status]).format(model=model)
    if status >= 500 or status == 200:
        return f"Claude's service had an error (HTTP {status}); wait a moment and send the message again."
    return f"Claude refused the request (HTTP {status}: {clip(words)}); check the settings and send it again."


def clip(words: str, limit: int = 160) -> str:
    words = " ".join(words.split()).rstrip(".")
    return words if len(words) <= limit else words[: limit - 1] + "…"


def retryable(status: int, error: anthropic.APIStatusError) -> bool:
    told = error.response.headers.get("x-should-retry")
    if told in ("true", "false") and error.status_code != 200:
        return told == "true"
    return status in RETRIED or status >= 500


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds to wait as the service asked: milliseconds, seconds or a date; None where it did not say."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers[name]) / unit
            return max(0.0, seconds) if math.isfinite(seconds) else None
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        return None


def refusal(category: str | None, explanation: str | None) -> str:
    why = f" ({clip(explanation)})" if explanation else f" ({category})" if category else ""
    return f"Claude declined this request{why}; put it in other words and send it again: the refused message is left out of what Claude sees."
