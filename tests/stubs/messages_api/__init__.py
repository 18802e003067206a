"""A local stand-in for the Claude Messages API, to drive the real `anthropic` SDK through its `base_url`.

Deliberately picky: it answers 400 where the documented API does, signs thinking blocks and holds them to the
conversation before them, counts cached tokens by prefix, and keeps every request. It does not model quality, latency
or tokenisation: a token is four characters.

    with Stub() as stub:
        stub.queue(HttpError(529, "overloaded_error"), Reply(text="hi"))     # the first call fails, the second works
        client = anthropic.Anthropic(base_url=stub.url, api_key="test")

    python -m tests.stubs.messages_api --port 8790                           # out of process; see server.py's routes

Without a queue the reply is a working codec, and a marker in the last user text picks a behaviour:
`[[stub fault=overloaded after=3]]`, `[[stub status=529 times=2]]`, `[[stub codec=open]]`; see markers.py.
"""

from .replies import HttpError, Reply
from .server import Stub

__all__ = ["HttpError", "Reply", "Stub"]
