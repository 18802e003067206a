"""The blind test: begin one, answer its trials behind letters, see what the answers say."""

from __future__ import annotations

import secrets
from fractions import Fraction

import streamlit as st

from app.blind import BlindTest, Kind, Stimulus, Trial
from app.blind.confidence import sentence
from app.components import player
from app.results.contender import Footage
from app.results.format import ago, escape_markdown, plural
from app.services import Services
from gpu_agent.blind import owner_of
from gpu_agent.models import Experiment

KINDS: dict[str, Kind] = {"Can you tell them apart?": "abx", "Which looks better?": "preference"}
PAIRS: dict[Kind, dict[str, tuple[str, str]]] = {
    "abx": {"A and X": ("a", "x"), "B and X": ("b", "x"), "A and B": ("a", "b")},
    "preference": {"A and B": ("a", "b")},
}
VOTES: dict[Kind, dict[str, str]] = {
    "abx": {"X is A": "a", "X is B": "b"},
    "preference": {"A is better": "a", "B is better": "b"},
}
HOW: dict[Kind, str] = {
    "abx": "X is A or B, drawn anew for each trial, as is which of the two points is A. Look, then say which X is.",
    "preference": "Which of the two points is A is drawn anew for each trial. Look, then say which looks better.",
}
EXPLAINED = (
    "The two are shown behind letters in random order, from addresses that say nothing. While playing you see lossy "
    "previews, paused the exact frames. Answer as many trials as you like; the result is told when you finish, so that nobody stops when it happens to look good."
)

CLOSED = "The test was finished in another tab before your answer, which was therefore not counted."
NOT_KEPT = "That trial had been answered before, so the first answer counts. Here is the next one."
REFUSED = "blind-refused"
"""In the session's state: the test whose last vote did not count, said until another does."""


def blind_start(services: Services, one: Stimulus, two: Stimulus, footage: Footage) -> None:
    """What a test is, and the button that begins one with the two points above."""
    st.caption(EXPLAINED)
    kind = st.radio("Question", list(KINDS), key="blind-kind")
    st.button(
        "Start the blind test",
        key="blind-begin",
        icon=":material/visibility_off:",
        on_click=services.blind.begin,
        args=(KINDS[kind], footage.name, footage.sha256, footage.frames, one, two),
    )


def blind_trial(services: Services, test: BlindTest, size: tuple[int, int], fps: Fraction) -> None:
    """The trial that waits for this session's answer, in place of the player that names its sides."""
    trial = services.blind.current(test, seat())
    kind = test.kind
    if trial is None:
        st.info(CLOSED, icon=":material/flag:")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="blind-head"):
        st.markdown(f"**Blind test, trial {len(test.answered) + 1}**", help=HOW[kind])
        pairs = PAIRS[kind]
        shown = next(iter(pairs))
        if len(pairs) > 1:
            shown = st.segmented_control(
                "Shown",
                list(pairs),
                default=shown,
                required=True,
                key=f"blind-sides-{trial.id}",
                label_visibility="collapsed",
            )
        st.space("stretch")
        st.button(
            "Finish and show the result",
            key=f"blind-finish-{test.id}",
            icon=":material/flag:",
            on_click=services.blind.close,
            args=(test.id,),
        )
    if st.session_state.get(REFUSED) == test.id:
        st.warning(NOT_KEPT, icon=":material/tab:")
    play_letters(trial, pairs[shown], test, size, fps)
    with st.container(horizontal=True, horizontal_alignment="center", key="blind-votes"):
        for text, answer in VOTES[kind].items():
            st.button(
                text,
                key=f"blind-{answer}-{trial.id}",
                type="primary",
                on_click=vote,
                args=(services, trial, answer),
            )
    st.caption(f"{HOW[kind]} With another side or point the test is left; it waits here until it is finished.")


def seat() -> str:
    """Whose trials these are: this session's alone, so that two tabs never answer one and the same."""
    return st.session_state.setdefault("blind-seat", secrets.token_hex(6))


def vote(services: Services, trial: Trial, answer: str) -> None:
    st.session_state[REFUSED] = None if services.blind.answer(trial.id, answer) else owner_of(trial.id)


def play_letters(trial: Trial, letters: tuple[str, str], test: BlindTest, size: tuple[int, int], fps: Fraction) -> None:
    at = lambda letter: f"/blind/{trial.id}/{letter}"
    first, second = letters
    player(
        f"{at(first)}/preview.mp4",
        f"{at(second)}/preview.mp4",
        fps=fps,
        frames=test.frames,
        width=size[0],
        height=size[1],
        key=f"blind-{test.id}",
        label_a=first.upper(),
        label_b=second.upper(),
        exact_url=(f"{at(first)}/frames/{{frame}}.png", f"{at(second)}/frames/{{frame}}.png"),
        blind=True,
    )


def blind_results_of_pair(services: Services, one: Stimulus, two: Stimulus) -> None:
    """The newest; the others are one click away."""
    newest, *earlier = services.blind.of_pair(one, two) or [None]
    if newest is not None and st.session_state.get(REFUSED) == newest.id:
        st.warning(CLOSED, icon=":material/flag:")
    if newest is not None:
        result(newest)
    if earlier:
        with st.expander(f"{plural(len(earlier), 'earlier test')} of these two"):
            for test in earlier:
                result(test)


def blind_results(services: Services, experiment: Experiment) -> None:
    """Every finished test with a point of this experiment. Nothing where there is none."""
    found = services.blind.of_experiment(experiment.id)
    if found:
        with st.expander("Blind tests", icon=":material/visibility_off:"):
            for test in found:
                result(test)


def result(test: BlindTest) -> None:
    what = "A/B/X" if test.kind == "abx" else "Preference"
    head = f"{what} of {test.one.label} and {test.two.label} on {test.clip}, {ago(test.created_at)}"
    head += ", answered in another lab" if test.elsewhere else ""
    said = sentence(test)
    st.markdown(f"{escape_markdown(head)}  \n**{escape_markdown(said)}**")
