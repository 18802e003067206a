"""A conversation as it is shown and as it is sent again.

What a turn contributes to the next request is decided once, when the turn has ended, and never changes: the history is
append-only, because Claude's thinking blocks are bound to everything before them. A whole turn goes back as it was
returned. Of a turn that broke off after some text, the question and that text go back, as plain text without thinking.
A turn that brought no text, was refused, or did not fit any more is left out altogether, question and all: so the next
request is valid whatever happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from .models import Usage, bill, label
from .state import TurnState, TurnStatus


@dataclass(frozen=True)
class Turn:
    """A question and what came of it. `prompt` is what the person sees of it, `content` the blocks that are sent.

    `about` is the id of the experiment that was asked about, where it was about one.
    """

    id: str
    conversation_id: str
    number: int
    kind: str
    prompt: str
    content: tuple[dict[str, Any], ...]
    created_at: str
    state: TurnState
    about: str | None = None

    @property
    def remembered(self) -> bool:
        """Claude sees this turn again in the next request."""
        return bool(self.messages())

    def messages(self) -> list[dict[str, Any]]:
        """What this turn adds to the history, in the API's form."""
        state = self.state
        if state.status is TurnStatus.DONE and state.content:
            # The API may return an empty text block but does not take one back.
            answer = [b for b in state.content if b.get("type") != "text" or b.get("text", "").strip()]
        elif (
            state.status in SENT_AS_TEXT and state.stop_reason != "model_context_window_exceeded" and state.text.strip()
        ):
            answer = [{"type": "text", "text": state.text.rstrip()}]
        else:
            return []
        return [{"role": "user", "content": list(self.content)}, {"role": "assistant", "content": answer}]


SENT_AS_TEXT = (TurnStatus.TRUNCATED, TurnStatus.FAILED, TurnStatus.STOPPED, TurnStatus.INTERRUPTED)


@dataclass(frozen=True)
class Conversation:
    """`system` is the system prompt that it began with and keeps.

    A branch has its turns up to number `branched_at` from the conversation `branched_from`.
    """

    id: str
    title: str
    created_at: str
    updated_at: str
    system: str
    turns: tuple[Turn, ...] = ()
    branched_from: str | None = None
    branched_at: int | None = None

    def copied(self, turn: Turn) -> bool:
        """The turn was said, and paid for, in the conversation that this one branched from."""
        return turn.number <= (self.branched_at or 0)

    def history(self) -> list[dict[str, Any]]:
        return [message for turn in self.turns for message in turn.messages()]

    @property
    def usage(self) -> Usage:
        return sum((turn.state.usage for turn in self.turns), Usage())

    @property
    def cost(self) -> Decimal | None:
        """US dollars so far; None where a turn's cost is unknown."""
        costs = [turn.state.cost for turn in self.turns]
        return None if None in costs else sum(costs, Decimal(0))

    @property
    def usage_final(self) -> bool:
        return all(turn.state.usage_final or turn.state.usage == Usage() for turn in self.turns)

    def with_state(self, turn_id: str, state: TurnState) -> Conversation:
        """The same with one turn's state replaced, to show a turn while it runs."""
        turns = tuple(replace(turn, state=state) if turn.id == turn_id else turn for turn in self.turns)
        return replace(self, turns=turns)

    def markdown(self) -> str:
        """The conversation as a document: questions, answers, thinking summaries, and what it cost."""
        parts = [f"# {self.title}", f"{self.created_at} · {bill(self.usage, self.cost, self.usage_final)}"]
        if self.branched_from:
            parts.append(f"Branched from conversation {self.branched_from} after turn {self.branched_at}.")
        for turn in self.turns:
            state = turn.state
            parts += [f"## {turn.number}. You", turn.prompt]
            parts += [f"*About experiment {turn.about}.*"] if turn.about else []
            parts.append(f"## {turn.number}. Claude ({label(state.model)}, effort {state.effort})")
            if state.thinking.strip():
                parts.append("\n".join(f"> {line}".rstrip() for line in state.thinking.strip().split("\n")))
            parts += [state.text.strip(), f"*{state.error}*" if state.error else ""]
            cost = f"{bill(state.usage, state.cost, state.usage_final)}, {state.seconds:.0f} s"
            parts.append("*Copied.*" if self.copied(turn) else f"*{cost}*")
        return "\n\n".join(part for part in parts if part) + "\n"
