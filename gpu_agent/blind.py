"""A blind test as it is kept and exported: two points of one clip, the trials that were drawn, what was answered.

In an A/B/X test X is A or B, and the question is which. In a preference test the question is which of A and B is
better. Which point stands behind a letter is drawn for each trial anew; what a browser is told is the trial's id,
which says nothing of that. A test belongs to the experiments that its points are of.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from .models import Model

Kind = Literal["abx", "preference"]
Letter = Literal["a", "b"]
Label = Annotated[str, StringConstraints(max_length=400)]
Moment = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(lambda text: datetime.fromisoformat(text) and text)
]
SIDES: dict[Kind, tuple[str, ...]] = {"abx": ("a", "b", "x"), "preference": ("a", "b")}
TEST_ID = r"[0-9a-f]{12}"


class Stimulus(Model):
    """A point that is looked at, as it was when the test began.

    `preview` and `exact` are paths of artifacts, quoted as in a URL (`exact` with `{frame}`); `experiment` is its id,
    where it is one's.
    """

    model_config = ConfigDict(frozen=True)
    label: Label
    preview: str
    exact: str
    rate: float | None = None
    kbps: float | None = None
    psnr_yuv: float | None = None
    experiment: str | None = None


class Trial(Model):
    """`swapped`: A is the second point. `x_is`: the letter that X is. `seat`: who looks at it. `answer`: None so far."""

    model_config = ConfigDict(frozen=True)
    id: Annotated[str, StringConstraints(pattern=rf"^{TEST_ID}-[A-Za-z0-9_-]{{1,40}}$")]
    seat: Annotated[str, StringConstraints(max_length=40)] = ""
    swapped: bool
    x_is: Letter
    answer: Letter | None = None
    answered_at: Moment | None = None

    def point(self, side: str) -> int:
        """0 or 1: the point of the test behind this letter."""
        letter = self.x_is if side == "x" else side
        return int((letter == "b") != self.swapped)

    @property
    def correct(self) -> bool:
        """Whether an A/B/X answer names the letter that X was."""
        return self.answer == self.x_is

    @property
    def chosen(self) -> int:
        """0 or 1: the point that a preference went to."""
        return self.point(self.answer or "a")


class BlindTest(Model):
    """Trials of the same two points in the order they were drawn. Closed, it is never added to.

    `elsewhere`: it came in an archive, so its answers were given in another lab.
    """

    model_config = ConfigDict(frozen=True)
    id: Annotated[str, StringConstraints(pattern=f"^{TEST_ID}$")]
    kind: Kind
    clip: Label
    clip_sha256: str
    frames: Annotated[int, Field(ge=1)]
    one: Stimulus
    two: Stimulus
    created_at: Moment
    closed_at: Moment | None = None
    elsewhere: bool = False
    trials: tuple[Trial, ...] = ()

    @model_validator(mode="after")
    def trials_are_its_own(self) -> BlindTest:
        ids = [t.id for t in self.trials]
        if len(set(ids)) != len(ids) or any(not i.startswith(f"{self.id}-") for i in ids):
            raise ValueError("a trial of another test, or one twice")
        return self

    @property
    def points(self) -> tuple[Stimulus, Stimulus]:
        return self.one, self.two

    @property
    def experiments(self) -> list[str]:
        """Ids of those that its points are of, each once."""
        return list(dict.fromkeys(s.experiment for s in self.points if s.experiment))

    @property
    def answered(self) -> list[Trial]:
        return [t for t in self.trials if t.answer]

    @property
    def told(self) -> BlindTest:
        """What is said of it elsewhere: the answers, without who gave them and what nobody answered."""
        answers = tuple(t.model_copy(update={"seat": ""}) for t in self.answered)
        return self.model_copy(update={"trials": answers, "elsewhere": False})

    def trial(self, trial_id: str) -> Trial | None:
        return next((t for t in self.trials if t.id == trial_id), None)


def new_test_id() -> str:
    return secrets.token_hex(6)


def draw(test_id: str, seat: str = "") -> Trial:
    """A new trial from the system's own randomness, so that no earlier trial says anything of it."""
    swapped, x_is = bool(secrets.randbelow(2)), secrets.choice("ab")
    return Trial(id=f"{test_id}-{secrets.token_urlsafe(12)}", seat=seat, swapped=swapped, x_is=x_is)


def owner_of(trial_id: str) -> str:
    """The id of the test that a trial is of."""
    return trial_id.partition("-")[0]


def pair_of(one: Stimulus, two: Stimulus) -> str:
    """A name of two points, the same for both orders."""
    return "\n".join(sorted((one.preview, two.preview)))
