"""Dispatch: hand a codec to the agent; where the agent is down, queue it in the store, where the agent will find it."""

from __future__ import annotations

from typing import NamedTuple

from gpu_agent.models import ClipRef, Experiment, ExperimentRequest, new_id
from gpu_agent.road.freeze import freeze, freeze_rerun
from gpu_agent.store import ExperimentStore

from .agent_client import AgentClient, AgentDown

WAITING = "The agent is down. The experiment is queued and starts when the agent is back."


class Dispatched(NamedTuple):
    """`note`: a sentence where the agent has not seen it yet."""

    experiment: Experiment
    note: str | None = None


def dispatch(
    agent: AgentClient, store: ExperimentStore, request: ExperimentRequest, default_clip: str, away: str = WAITING
) -> Dispatched:
    """`away`: the note for an agent that is down. Raises AgentError with the agent's sentence where it refuses.

    The id is chosen here: where the agent took the request and only its answer was lost, both ways give one experiment.
    """
    request = request.model_copy(update={"id": request.id or new_id()})
    try:
        return Dispatched(agent.create(request))
    except AgentDown:
        clips = [ClipRef(name=name) for name in request.clips or [default_clip]]
        return queued(store, freeze(request, clips), away)


def dispatch_rerun(agent: AgentClient, store: ExperimentStore, original: Experiment, away: str = WAITING) -> Dispatched:
    """Exactly the same experiment again."""
    again = new_id()
    try:
        return Dispatched(agent.rerun(original.id, again))
    except AgentDown:
        return queued(store, freeze_rerun(original, again), away)


def cancel(agent: AgentClient, store: ExperimentStore, experiment_id: str) -> None:
    """The wish goes into the store either way; the agent, where it answers, acts on it at once."""
    try:
        agent.cancel(experiment_id)
    except AgentDown:
        before = store.get(experiment_id)
        after = store.request_cancel(experiment_id)
        if before is not None and after is not None and before.status is not after.status:
            store.add_event(experiment_id, "status", "cancelled")


def queued(store: ExperimentStore, experiment: Experiment, note: str) -> Dispatched:
    if store.create(experiment):
        store.add_event(experiment.id, "status", "queued", experiment.progress)
    return Dispatched(store.get(experiment.id) or experiment, note)
