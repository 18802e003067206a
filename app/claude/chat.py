"""Asking Claude in a stored conversation: joins the history, the running turn and the store.

A lab has one `Chat`; it knows which turns run in this process, so that a page that is loaded again finds its turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .connection import Connection
from .conversation import Conversation
from .models import DEFAULT_EFFORT, DEFAULT_MODEL
from .state import TurnState, sendable
from .store import Busy, ConversationStore
from .turn import RunningTurn, TurnEvent, TurnRequest, start_turn


class Chat:
    def __init__(self, store: ConversationStore, checkpoint_seconds: float = 1.0):
        self.store = store
        self._checkpoint_seconds = checkpoint_seconds
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, RunningTurn]] = {}

    def ask(
        self,
        conversation_id: str,
        prompt: str,
        connection: Connection,
        *,
        content: str | Sequence[dict[str, Any]] | None = None,
        kind: str = "fresh",
        about: str | None = None,
        model: str = DEFAULT_MODEL,
        effort: str = DEFAULT_EFFORT,
        max_tokens: int = 64_000,
        on_event: Callable[[TurnEvent], None] | None = None,
    ) -> RunningTurn:
        """Send the next question of a conversation; returns at once.

        `prompt` is what the person sees; `content` what Claude gets in its place (text or the API's blocks), such as a
        wording of `prompt.py` with the code in it; `about` is the id of the experiment in question. Busy while the
        conversation's last turn still runs.
        """
        if content is None or isinstance(content, str):
            content = [{"type": "text", "text": sendable(content or prompt)}]
        if not any(block.get("type") != "text" or block["text"].strip() for block in content):
            raise ValueError("The message is empty; write what Claude should do.")
        with self._lock:
            if self._turn(conversation_id):
                raise Busy("Claude is still answering in this conversation; wait for the end or stop it first.")
            turn = self.store.begin(conversation_id, prompt, content, TurnState(model, effort), kind, about)
            conversation = self.store.get(conversation_id)  # now the turns before this one are settled for good
            messages = [*conversation.history(), {"role": "user", "content": list(content)}]
            request = TurnRequest(messages, conversation.system, connection, model, effort, max_tokens)
            save = lambda state: self.store.save(turn.id, state)
            running = start_turn(request, on_event, save, save, self._checkpoint_seconds)
            self._running[conversation_id] = turn.id, running
            return running

    def running(self, conversation_id: str) -> RunningTurn | None:
        """The turn that runs in this conversation, to watch or to stop."""
        with self._lock:
            return self._turn(conversation_id)

    def conversation(self, conversation_id: str) -> Conversation:
        """As stored, with the running turn as it is at this moment."""
        with self._lock:
            turn_id, running = self._running.get(conversation_id, ("", None))
        conversation = self.store.get(conversation_id)
        return conversation.with_state(turn_id, running.snapshot()) if running else conversation

    def stop_all(self) -> None:
        """For the lab's own end: stop every turn and wait until what arrived is stored."""
        with self._lock:
            running = [turn for _, turn in self._running.values()]
        for turn in running:
            turn.cancel()
        for turn in running:
            turn.wait(5)

    def _turn(self, conversation_id: str) -> RunningTurn | None:
        _, running = self._running.get(conversation_id, ("", None))
        return running if running and not running.finished else None
