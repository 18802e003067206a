"""One streamed turn with Claude, in a worker thread of its own that can be stopped at any moment.

The SDK's asynchronous client runs in the thread's own event loop: cancelling a task ends a connection, a stream or a
wait at once, which closing a blocking socket from another thread does not.
Retries are ours, not the SDK's, so that waiting can be seen, and only before any text has arrived: text that a person
has read is never thrown away. A finished turn is whole only if the stream ended with `message_stop` and `end_turn`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from . import errors
from .connection import Connection
from .models import DEFAULT_EFFORT, DEFAULT_MODEL, Usage
from .state import LiveTurn, TurnState, TurnStatus

EPHEMERAL = {"type": "ephemeral"}
log = logging.getLogger(__name__)


class TurnEvent(NamedTuple):
    """A piece of text or of the thinking's summary, or a change of status (then `text` is the new status)."""

    kind: Literal["text", "thinking", "status"]
    text: str


@dataclass(frozen=True)
class TurnRequest:
    """What to ask. `messages` is the API's form and ends with a user message; `system` must be byte-stable."""

    messages: Sequence[Mapping[str, Any]]
    system: str
    connection: Connection
    model: str = DEFAULT_MODEL
    effort: str = DEFAULT_EFFORT
    max_tokens: int = 64_000


class RunningTurn:
    """A turn in its worker thread: `snapshot()` to look, `cancel()` to stop, `wait()` for its end."""

    def __init__(
        self,
        request: TurnRequest,
        on_event: Callable[[TurnEvent], None] | None = None,
        on_checkpoint: Callable[[TurnState], None] | None = None,
        on_end: Callable[[TurnState], None] | None = None,
        checkpoint_seconds: float = 1.0,
    ):
        self.request = request
        self._on_event, self._on_checkpoint, self._on_end = on_event, on_checkpoint, on_end
        self._checkpoint_seconds = checkpoint_seconds
        self._live = LiveTurn(request.model, request.effort, request.connection.prices)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._finished = threading.Event()
        self._save_error: str | None = None
        self._thread = threading.Thread(target=self._work, name="claude-turn", daemon=True)

    @property
    def finished(self) -> bool:
        """The turn is over and `on_end` has run: what is stored is final."""
        return self._finished.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        return self._finished.wait(timeout)

    def snapshot(self) -> TurnState:
        state = self._live.snapshot()
        if self._save_error:
            both = f"{state.error} {self._save_error}" if state.error else self._save_error
            state = TurnState(**{**vars(state), "error": both})
        return state

    def cancel(self) -> None:
        """Stop at once and keep the text so far. Nothing happens if the turn is over."""
        if not self._live.settle(TurnStatus.STOPPED, error="Stopped; what had arrived is kept."):
            return
        with self._lock:
            if self._loop and self._task and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._task.cancel)

    def start(self) -> RunningTurn:
        self._thread.start()
        return self

    # ---- in the worker thread

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            try:
                runner.run(self._main())
            except Exception as e:  # whatever it is, a turn ends with a sentence and never with a dead thread
                bedrock = bool(self.request.connection.bedrock)
                self._settle(TurnStatus.FAILED, errors.trouble(e, self.request.model, self._live.has_text, bedrock))
            try:
                if self._on_end:
                    self._on_end(self._live.snapshot())
            except Exception as e:
                self._save_error = f"The reply could not be saved ({e}); copy what you need before leaving this page."
            finally:
                self._finished.set()  # before the loop closes, which waits for a name that is being looked up

    async def _main(self) -> None:
        talk = asyncio.ensure_future(self._talk())
        with self._lock:
            self._loop, self._task = asyncio.get_running_loop(), talk
        if not self._live.snapshot().status.active:  # stopped before the loop was there
            talk.cancel()
        keeper = asyncio.ensure_future(self._keep_checkpoints()) if self._on_checkpoint else None
        try:
            await asyncio.wait([talk])
        finally:
            with self._lock:
                self._loop = self._task = None
            if keeper:
                keeper.cancel()
        if not talk.cancelled() and (error := talk.exception()):
            raise error

    async def _keep_checkpoints(self) -> None:
        seen = -1
        while True:
            await asyncio.sleep(self._checkpoint_seconds)
            if self._live.version != seen:
                seen = self._live.version
                try:
                    self._on_checkpoint(self._live.snapshot())
                except Exception as e:  # a full disk must not end the reply: the end of the turn tries again and tells
                    log.warning("a checkpoint of the reply was not saved: %s", e)

    async def _talk(self) -> None:
        connection, live = self.request.connection, self._live
        if not connection.ready:
            live.settle(TurnStatus.FAILED, error=errors.NO_KEY, unbilled=True)
            return self._emit("status", TurnStatus.FAILED)
        async with connection.make_client() as client:
            for attempt in range(1, connection.retry.attempts + 1):
                self._emit("status", TurnStatus.CONNECTING)
                trouble = await self._attempt(client)
                if trouble is None:
                    return None
                may_retry = trouble.retryable and not live.has_text
                wait = connection.retry.wait(attempt, trouble.retry_after) if may_retry else None
                if wait is None:
                    return self._settle(TurnStatus.FAILED, trouble)
                cause = trouble.sentence.split(";")[0]
                live.wait(wait, f"{cause}; trying again, {attempt + 1} of {connection.retry.attempts}.")
                self._emit("status", TurnStatus.WAITING)
                await asyncio.sleep(wait)
                live.retry(attempt + 1)
        return None

    async def _attempt(self, client: Any) -> errors.Trouble | None:
        """One request. None: the turn is settled. Otherwise what went wrong."""
        request, live = self.request, self._live
        try:
            async with client.messages.stream(
                model=request.connection.model_id(request.model),
                max_tokens=request.max_tokens,
                system=[{"type": "text", "text": request.system, "cache_control": EPHEMERAL}],
                messages=list(request.messages),
                cache_control=EPHEMERAL,
                thinking={"type": "adaptive", "display": "summarized"},
                output_config={"effort": request.effort},
            ) as stream:
                live.update(request_id=stream.request_id)
                ended = False
                async for event in stream:
                    self._take(event, stream)
                    ended = ended or event.type == "message_stop"
                if not ended:  # the SDK takes an early end of the stream for a good one
                    sentence = errors.CUT if live.has_text else errors.NOTHING_CAME
                    return errors.Trouble(sentence, "the stream ended without message_stop", retryable=True)
                return self._conclude(stream.current_message_snapshot)
        except Exception as e:
            return errors.trouble(e, request.model, live.has_text, bool(request.connection.bedrock))

    def _take(self, event: Any, stream: Any) -> None:
        live = self._live
        if event.type == "text":
            self._write(text=event.text)
        elif event.type == "thinking":
            self._write(thinking=event.thinking)
        elif event.type == "content_block_start":
            kind = event.content_block.type
            if kind == "text" and live.has_text:
                self._write(text="\n\n")
            if kind == "thinking" and live.has_thinking:
                self._write(thinking="\n\n")
            status = TurnStatus.WRITING if kind == "text" else TurnStatus.THINKING
            if live.update(status=status):
                self._emit("status", status)
        elif event.type in ("message_start", "message_delta"):
            live.update(usage=Usage.from_api(stream.current_message_snapshot.usage.to_dict()))

    def _write(self, **piece: str) -> None:
        if self._live.write(**piece):
            for kind, text in piece.items():
                self._emit(kind, text)

    def _conclude(self, message: Any) -> errors.Trouble | None:
        reason = message.stop_reason
        facts: dict[str, Any] = {"stop_reason": reason, "usage_final": True}
        if reason in ("end_turn", "stop_sequence"):
            content = tuple(block.to_dict(mode="json") for block in message.content)
            if not self._live.snapshot().text.strip():
                facts["error"] = "Claude ended the turn without an answer; send the message again."
                status = TurnStatus.FAILED
            else:
                status, facts["content"] = TurnStatus.DONE, content
        elif reason == "refusal":
            details = message.stop_details
            why = (details.category, details.explanation) if details else (None, None)
            status, facts["error"] = TurnStatus.REFUSED, errors.refusal(*why)
        elif reason in errors.STOPPED_BY:
            status, facts["error"] = TurnStatus.TRUNCATED, errors.STOPPED_BY[reason]
        else:
            status, facts["error"] = TurnStatus.TRUNCATED, errors.LEFT_UNFINISHED.format(reason)
        if self._live.settle(status, **facts):
            self._emit("status", status)
        return None

    def _settle(self, status: TurnStatus, trouble: errors.Trouble) -> None:
        facts = {
            "error": trouble.sentence,
            "detail": trouble.detail,
            "unbilled": trouble.unbilled,
            "retryable": trouble.retryable,
        }
        if trouble.request_id:
            facts["request_id"] = trouble.request_id
        if self._live.settle(status, **facts):
            self._emit("status", status)

    def _emit(self, kind: Literal["text", "thinking", "status"], text: str) -> None:
        if self._on_event:
            try:
                self._on_event(TurnEvent(kind, text))
            except Exception as e:  # an observer's fault must not end the reply
                log.warning("an observer of the reply failed: %r", e)


def start_turn(
    request: TurnRequest,
    on_event: Callable[[TurnEvent], None] | None = None,
    on_checkpoint: Callable[[TurnState], None] | None = None,
    on_end: Callable[[TurnState], None] | None = None,
    checkpoint_seconds: float = 1.0,
) -> RunningTurn:
    """Start a turn in a daemon thread. All callbacks run in that thread.

    `on_checkpoint` gets the state every `checkpoint_seconds` while it changes, `on_end` the final one, always once.
    """
    return RunningTurn(request, on_event, on_checkpoint, on_end, checkpoint_seconds).start()
