"""Requests to Claude that are on their way in this process, by attempt.

The ledger knows of a request before it is sent, and of its bill after it has ended. One that the ledger calls begun and
that is not here went down with an earlier process: its answer is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.claude.connection import Connection, Retry
from app.claude.prompt import system_prompt
from app.claude.state import TurnState, TurnStatus, sendable
from app.claude.turn import RunningTurn, TurnRequest, start_turn

from .models import Attempt, Tokens

ONCE = Retry(attempts=1)
"""The autopilot itself tries again, so that each request's worst case is reserved on its own."""


class Asking:
    """`wake` is called when a reply has ended."""

    def __init__(self, connection: Connection, wake: Callable[[], None]):
        self.connection = replace(connection, retry=ONCE)
        self._wake = wake
        self._turns: dict[tuple[str, int], RunningTurn] = {}

    def send(self, attempt: Attempt, messages: list[dict]) -> None:
        """Returns at once. The attempt is in the ledger as begun."""
        request = TurnRequest(
            messages,
            system_prompt(),
            self.connection,
            attempt.model or "",
            attempt.effort or "",
            attempt.max_tokens or 0,
        )
        self._turns[attempt.run_id, attempt.number] = start_turn(request, on_end=lambda state: self._wake())

    def turn(self, attempt: Attempt) -> RunningTurn | None:
        return self._turns.get((attempt.run_id, attempt.number))

    def forget(self, attempt: Attempt) -> None:
        """The turn has ended and is in the ledger."""
        self._turns.pop((attempt.run_id, attempt.number), None)

    def stop_all(self, seconds: float = 5.0) -> list[tuple[str, int]]:
        """Stop every turn and wait for the end; which attempts they belong to."""
        for turn in self._turns.values():
            turn.cancel()
        for turn in self._turns.values():
            turn.wait(seconds)
        return list(self._turns)


def settle(attempt: Attempt, state: TurnState) -> None:
    """Write the end of a request into its attempt: the reply, its tokens, and what is known of the bill."""
    attempt.reply, attempt.whole = sendable(state.text), state.status is TurnStatus.DONE
    attempt.claude_seconds = round(state.seconds, 2)
    attempt.tokens = Tokens(**vars(state.usage))
    attempt.dollars = state.cost
    if state.usage_final:
        attempt.request, attempt.at_most = "settled", None
    elif nothing_billed(state):
        attempt.request, attempt.at_most, attempt.dollars = "settled", None, state.cost
    else:
        attempt.request, attempt.at_most = "open", attempt.reserved


def nothing_billed(state: TurnState) -> bool:
    """It never reached the service, or was refused before a reply began."""
    return state.status is TurnStatus.FAILED and state.unbilled and not state.usage.input_total
