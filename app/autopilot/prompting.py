"""The question of one attempt: the goal, the parents with what they measured, what was tried, and what a person said.

Every attempt is a conversation of its own with one question, below the lab's byte-stable system prompt, which is
therefore cached. Only search clips are ever told of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.claude.prompt import fenced, fix, joined
from app.claude.reply import Problem, read_codec
from app.evidence import Evidence
from app.results.format import MINUS, THIN, percent
from gpu_agent.models import ErrorCategory

from .models import Attempt, Run

TOLD = 12
"""Latest attempts that are told in a line each."""

EvidenceOf = Callable[[Attempt], Evidence]
"""What an attempt's experiment measured on the search clips; empty where it had none."""

TASKS = {
    "fresh": "Write a new codec for this goal.",
    "improve": "Improve this codec for the goal: find what costs the most bits, and change that.",
    "cross": "Combine these two codecs: take what each does best, and make one codec that is better than both for the goal. "
    "Say in a sentence what you take from each. Your `Expected:` line is against the first of them.",
}


class Question(NamedTuple):
    """`history`: messages before it, in the API's form; empty but for a reply that has to be given again.

    `blocks` follow the text: captions and pictures of the worst blocks, in the API's form.
    """

    text: str
    history: list[dict]
    blocks: list[dict]

    @property
    def messages(self) -> list[dict]:
        return [*self.history, {"role": "user", "content": [{"type": "text", "text": self.text}, *self.blocks]}]

    @property
    def texts(self) -> list[str]:
        return [b["text"] for m in self.messages for b in m["content"] if b["type"] == "text"]

    @property
    def pictures(self) -> int:
        return sum(block["type"] == "image" for block in self.blocks)


def question(
    run: Run, attempt: Attempt, attempts: Sequence[Attempt], steers: Sequence[str], evidence: EvidenceOf
) -> Question:
    """`attempts`: all before this one, in order; `steers`: what the person said and this attempt is the first to hear."""
    known = {a.number: a for a in attempts}
    parents = [known[number] for number in attempt.parents]
    if attempt.kind == "repair":
        return repair(run, parents[0], steers, evidence)
    measured = [evidence(parent) for parent in parents]
    parts = [
        f"Goal:\n\n{run.settings.goal.strip()}" if run.settings.goal.strip() else "",
        *(told_parent(parent, found.text, len(parents) > 1) for parent, found in zip(parents, measured)),
        tried(attempts),
        said(steers),
        TASKS[attempt.kind],
    ]
    return Question(joined(parts), [], [block for found in measured for block in found.blocks])


def repair(run: Run, failed: Attempt, steers: Sequence[str], evidence: EvidenceOf) -> Question:
    """After a broken reply: that exchange and what is wrong with it. After a failed run: the code and the failure."""
    if failed.verdict == "broken_reply":
        history = [
            {"role": "user", "content": [{"type": "text", "text": failed.prompt}]},
            {"role": "assistant", "content": [{"type": "text", "text": failed.reply.rstrip()}]},
        ]
        found = read_codec(failed.reply, failed.whole)
        what = found.repair if isinstance(found, Problem) else failed.said or ""
        return Question(joined([what, said(steers)]), history if failed.reply.strip() else [], [])
    goal = f"The goal is still:\n\n{run.settings.goal.strip()}" if run.settings.goal.strip() else ""
    wish, category = joined([goal, said(steers)]), failed.category or ErrorCategory.INVALID_CODE
    return Question(fix(failed.code, category, failed.said or "", wish=wish, evidence=evidence(failed).text), [], [])


def told_parent(parent: Attempt, measured: str, several: bool) -> str:
    head = f"Codec {parent.number}" if several else "The codec to improve"
    standing = f" ({parent.title})" if parent.title else ""
    return joined(
        [
            f"{head}{standing}:",
            fenced(parent.code),
            f"What it measured:\n\n{measured.strip()}" if measured.strip() else "",
        ]
    )


def tried(attempts: Sequence[Attempt]) -> str:
    """The latest attempts in a line each, so that what failed is not tried again."""
    ended = [a for a in attempts if a.ended and a.verdict is not None and a.title]
    if not ended:
        return ""
    lines = [f"- {a.number}: {a.title}: {outcome(a)}" for a in ended[-TOLD:]]
    return "What was tried in this search so far (BD-rate against x264 medium, negative is better):\n\n" + "\n".join(
        lines
    )


def outcome(a: Attempt) -> str:
    if a.verdict == "measured":
        if a.score is None:
            return f"measured, no BD-rate ({a.score_reason})" if a.score_reason else "measured, no BD-rate"
        slow = f", decodes a frame in {a.decode_ms:.0f} ms" if a.decode_ms is not None else ""
        return plain(f"{percent(a.score)}{slow}") + (f"; not ranked: {a.barred}" if a.barred else "")
    return plain((a.said or (a.verdict or "").replace("_", " ")).split("\n")[0][:300])


def plain(text: str) -> str:
    return text.replace(THIN, " ").replace(MINUS, "-")


def said(steers: Sequence[str]) -> str:
    return "The person adds:\n\n" + "\n\n".join(s.strip() for s in steers) if steers else ""
