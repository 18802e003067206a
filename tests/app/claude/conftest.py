from collections.abc import Callable, Iterator

import pytest

from app.claude.chat import Chat
from app.claude.connection import Connection, Retry
from app.claude.state import TurnState
from app.claude.store import ConversationStore
from app.claude.turn import RunningTurn, TurnRequest, start_turn
from tests.stubs.messages_api import Stub

WAIT = 30
"""Seconds until a test gives up on an event; nothing is asserted about time."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def connection(stub: Stub) -> Connection:
    return Connection("test-key", stub.url, silence_seconds=20, retry=Retry(first=0.01, longest=0.02))


@pytest.fixture
def begin(connection: Connection) -> Callable[..., RunningTurn]:
    """Start a turn with one user message; keyword arguments go to start_turn, a `connection` replaces the stub's."""

    def start(text: str = "hello", connection: Connection = connection, model: str = "claude-opus-5-5", **callbacks):
        messages = [{"role": "user", "content": text}]
        return start_turn(TurnRequest(messages, "Be brief.", connection, model), **callbacks)

    return start


@pytest.fixture
def finish(begin: Callable[..., RunningTurn]) -> Callable[..., RunningTurn]:
    """Like `begin`, and wait for the end."""

    def run(*args, **kwargs) -> RunningTurn:
        turn = begin(*args, **kwargs)
        assert turn.wait(WAIT)
        return turn

    return run


@pytest.fixture
def chat(tmp_path):
    return Chat(ConversationStore(tmp_path / "app.db"), checkpoint_seconds=0.01)


@pytest.fixture
def say(chat, connection):
    """Ask and wait for the end; gives the final state."""

    def ask(conversation, prompt: str, **kwargs) -> TurnState:
        turn = chat.ask(conversation.id, prompt, connection, **kwargs)
        assert turn.wait(WAIT)
        return turn.snapshot()

    return ask


def sent(stub, index: int = -1) -> list[dict]:
    return stub.requests[index]["body"]["messages"]


def assert_append_only(stub) -> None:
    """Each request begins with all of the one before, but for that one's own last question, which may have failed."""
    for earlier, later in zip(stub.requests, stub.requests[1:]):
        before = earlier["body"]["messages"][:-1]
        assert later["body"]["messages"][: len(before)] == before
        assert later["body"]["system"] == earlier["body"]["system"]
