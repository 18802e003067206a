"""What the ledger keeps: a run with its settings, and its attempts, each a node of the lineage whatever came of it.

Dollars are exact decimals. What is not known is None, never zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from app.claude.models import DEFAULT_EFFORT, DEFAULT_MODEL
from gpu_agent.models import Hypothesis, Limits, Model

RunState = Literal["waiting", "running", "paused", "ended"]
Wish = Literal["run", "pause", "stop"]
Kind = Literal["start", "fresh", "improve", "cross", "repair"]
Phase = Literal["asking", "reply", "approval", "running", "rating", "ended"]
Stage = Literal["probe", "full", "validation"]
Request = Literal["none", "begun", "settled", "open", "lost"]
Verdict = Literal[
    "measured", "dominated", "duplicate", "broken_reply", "failed", "rejected", "cancelled", "stopped", "lost", "unanswered"
]  # fmt: skip
MIN_TOKENS = 4_000
"""A reply shorter than this is no use: thinking alone takes as much."""


class Start(Model):
    """A codec to begin from: its code, and the experiment that it was taken from, if any."""

    name: str
    code: str
    experiment_id: str | None = None


class BudgetSettings(Model):
    """Whichever is reached first ends the run. `plateau`: attempts in a row without a better champion."""

    dollars: Decimal | None = Field(None, gt=0)
    experiments: int | None = Field(None, ge=1)
    hours: float | None = Field(None, gt=0)
    plateau: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def bounded(self) -> BudgetSettings:
        if self.dollars is None and self.experiments is None and self.hours is None:
            raise ValueError("Set at least one of dollars, experiments and hours, so that the run ends.")
        return self


class RunSettings(Model):
    """All that a run was started with. `max_tokens` bounds one reply; `seed` makes every choice repeatable."""

    goal: str
    starts: list[Start] = Field(default_factory=list)
    strategy: str = "archive"
    model: str = DEFAULT_MODEL
    effort: str = DEFAULT_EFFORT
    max_tokens: int = Field(64_000, ge=MIN_TOKENS, le=128_000)
    search_clips: list[str] = Field(min_length=1)
    validation_clips: list[str] = Field(default_factory=list)
    frames: int | None = Field(None, ge=1)
    limits: Limits = Field(default_factory=Limits)
    budget: BudgetSettings
    gate: bool = False
    repairs: int = Field(1, ge=0, le=5)
    pictures: bool = Field(True, description="show Claude pictures of the worst blocks")
    seed: int = 0

    @model_validator(mode="after")
    def whole(self) -> RunSettings:
        if not self.goal.strip() and not self.starts:
            raise ValueError("Give the run a goal or a codec to start from.")
        both = sorted(set(self.search_clips) & set(self.validation_clips))
        if both:
            raise ValueError(
                f"{both[0]} cannot be a search clip and a validation clip: Claude must not see the latter."
            )
        return self


class Run(Model):
    """`wish` is the pages' side of the record, everything else the service's. `seconds`: active, without pauses."""

    id: str
    created_at: str
    title: str
    settings: RunSettings
    wish: Wish = "run"
    state: RunState = "waiting"
    reason: str | None = Field(None, description="why it is paused or has ended, a sentence")
    started_at: str | None = None
    ended_at: str | None = None
    seconds: float = 0.0
    champion: int | None = None


class Tokens(Model):
    """Of one request, as billed; the four kinds of input exclude each other."""

    input: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    thinking: int = 0

    @property
    def input_total(self) -> int:
        return self.input + self.cache_write + self.cache_write_1h + self.cache_read


class Attempt(Model):
    """One pass of the loop.

    `request`: none was needed, begun (maybe on its way), settled (the bill is known), open (it broke off: the bill is
    at least `dollars`), lost (its answer went with the process: nothing is known). Of the last two `at_most` is the
    bound that counts against the budget. `experiments` has the id of each stage, chosen before it is dispatched.
    `score` is the mean BD-rate in percent on the search clips against the headline anchor.
    """

    run_id: str
    number: int
    kind: Kind
    reason: str
    parents: list[int] = Field(default_factory=list)
    created_at: str
    ended_at: str | None = None
    phase: Phase = "asking"
    request: Request = "none"
    model: str | None = None
    effort: str | None = None
    max_tokens: int | None = None
    tokens: Tokens = Field(default_factory=Tokens)
    reserved: Decimal | None = Field(None, description="worst case of the request; None: the price is unknown")
    dollars: Decimal | None = None
    at_most: Decimal | None = None
    claude_seconds: float | None = None
    tries: int = 1
    repeats: int | None = Field(None, description="the attempt whose lost or unanswered request this one makes again")
    steers: list[int] = Field(default_factory=list)
    whole: bool = False
    title: str | None = None
    code_sha256: str | None = None
    tree_sha256: str | None = None
    experiments: dict[Stage, str] = Field(default_factory=dict)
    stage: Literal["claude", "contract", "probe", "full", "validation"] = "claude"
    verdict: Verdict | None = None
    said: str | None = Field(None, description="the verdict, or what is wrong, as a sentence")
    category: str | None = Field(None, description="of a failed experiment")
    expected: Hypothesis | None = Field(None, description="what Claude said it expects of the codec")
    pictures: int = Field(0, description="pictures of worst blocks that went with the prompt")
    score: float | None = None
    score_reason: str | None = None
    validation_score: float | None = None
    validation_said: str | None = Field(None, description="why it has no validation score, a sentence")
    decode_ms: float | None = Field(None, description="per frame, mean over points and clips")
    cell: str | None = None
    barred: str | None = Field(None, description="why it cannot be champion, a sentence")
    crowned: bool = Field(False, description="was champion when it was judged")
    agent_seconds: float = 0.0
    prompt: str = ""
    reply: str = ""
    code: str = ""

    @property
    def ended(self) -> bool:
        return self.phase == "ended"


class Word(Model):
    """What a person said to a run: a sentence that steers it, or the verdict on a candidate that waits."""

    id: int
    run_id: str
    at: str
    kind: Literal["steer", "approve", "reject"]
    text: str = ""
    attempt: int | None = None
