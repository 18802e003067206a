"""What can be asked of Claude about an experiment: improve, fix, explain, cross with another, start fresh from an idea."""

from __future__ import annotations

from typing import NamedTuple

from gpu_agent.models import Experiment, Status

from .prompt import cross, explain, fix, fresh, improve


class Mode(NamedTuple):
    """`button` completes "Ask Claude to …"; `hint` stands in the box for the person's words."""

    label: str
    icon: str
    button: str
    hint: str
    help: str


MODES: dict[str, Mode] = {
    "improve": Mode(
        "Improve",
        ":material/trending_up:",
        "improve this",
        "Anything in particular? For example: spend fewer bits on still areas",
        "Claude gets the code, everything that was measured, and pictures of the worst blocks.",
    ),
    "fix": Mode(
        "Fix",
        ":material/healing:",
        "fix this",
        "Anything that Claude should know about it?",
        "Claude gets the code, the category of the failure, the message and the codec's own traceback.",
    ),
    "explain": Mode(
        "Explain",
        ":material/lightbulb:",
        "explain this",
        "A question, such as: why is it weak on the second clip?",
        "Claude answers in words. The code stays as it is.",
    ),
    "cross": Mode(
        "Cross",
        ":material/call_merge:",
        "cross the two",
        "What should be kept of each?",
        "Claude joins two experiments in one codec. This one is the parent.",
    ),
    "fresh": Mode(
        "Start fresh",
        ":material/auto_awesome:",
        "start fresh",
        "The idea for the new codec",
        "A new codec from an idea, not this one changed. Claude gets the figures to beat, but not the code.",
    ),
}


def modes_for(experiment: Experiment) -> list[str]:
    """What makes sense to ask of it, the likeliest first."""
    if experiment.status is Status.FAILED:
        return ["fix", "explain", "fresh"]
    if experiment.status is Status.SUCCEEDED:
        return ["improve", "explain", "cross", "fresh"]
    return ["improve", "explain", "fresh"] if experiment.results else ["improve", "fresh"]


def wording(
    mode: str, experiment: Experiment, evidence: str, wish: str, other: Experiment | None = None, others: str = ""
) -> str:
    """The turn's text. `other` and its evidence `others` are crossed with the experiment. ValueError where one is missing."""
    if mode == "fresh":
        if not wish.strip():
            raise ValueError("Starting fresh needs an idea: write what the new codec should do.")
        return fresh(wish, evidence)
    if mode == "cross":
        if other is None:
            raise ValueError("Choose the experiment to cross this one with.")
        return cross((experiment.code, other.code), (evidence, others), wish)
    if mode == "explain":
        return explain(experiment.code, evidence, wish)
    if mode == "fix":
        error = experiment.error
        category, message = (error.category, error.message) if error else ("lost", "")
        return fix(experiment.code, category, message, experiment.log, wish, evidence)
    return improve(wish, experiment.code, evidence)


def said(mode: str, experiment: Experiment, wish: str, other: Experiment | None = None) -> str:
    """What the person sees of the turn: what was asked, of which experiment, and their own words."""
    name = f"“{experiment.title}”"
    what = {
        "improve": f"Improve {name}.",
        "fix": f"Fix the failed run of {name}.",
        "explain": f"Explain {name}.",
        "cross": f"Cross {name} with “{other.title if other else ''}”.",
        "fresh": "Start fresh from an idea.",
    }[mode]
    return f"{what}\n{wish.strip()}".strip()
