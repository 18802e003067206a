"""What happens to a draft: a starter opened, a reply taken for review, an experiment dispatched from it."""

from __future__ import annotations

import hashlib

import streamlit as st

from app.agent_client import AgentError
from app.claude.conversation import Turn
from app.claude.reply import Codec
from app.dispatch import dispatch
from app.drafts import Draft
from app.panels.expectation import expect
from app.panels.renewed import renew, widget_key
from app.panels.run_form import RunChoice
from app.services import Services
from gpu_agent.check import check_code
from gpu_agent.codecs import Starter
from gpu_agent.models import Experiment, ExperimentRequest, Origin, new_id


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def replace_text(services: Services, draft: Draft, text: str, origin: Origin, baseline: str | None, name: str) -> None:
    """The app, not a person typing, changes the text: a new revision, shown as a diff where there is a baseline.

    Rates in the run form were meant for the codec that was there; one with another scale brings its own.
    """
    rates = st.session_state.get(widget_key("rates", draft.id), draft.form.get("rates"))
    if rates and check_code(text).rates != check_code(draft.text).rates:
        services.drafts.update(draft.id, form={**draft.form, "rates": ""})
        renew(draft.id, "rates")
    services.drafts.update(
        draft.id,
        text=text,
        baseline=baseline,
        baseline_name=name,
        revision=draft.revision + 1,
        source_sha256=sha256(text),
        origin=origin.model_dump(mode="json", exclude_none=True),
    )


def draft_from(services: Services, experiment: Experiment) -> Draft:
    """A new draft from an experiment's code, with the run form as it was, and the experiment as its parent."""
    own = check_code(experiment.code).rates
    draft = services.drafts.new()
    draft.text = draft.baseline = experiment.code
    draft.baseline_name = experiment.title
    draft.parent_id = experiment.id
    draft.origin = Origin(kind="fork").model_dump(mode="json", exclude_none=True)
    draft.form = {
        "clips": [c.name for c in experiment.clips],
        "rates": "" if tuple(experiment.rates) == own else ", ".join(f"{r:g}" for r in experiment.rates),
        "frames": experiment.frames,
        "timing_runs": experiment.timing_runs,
        "title": "",
        "limits": experiment.limits.model_dump(exclude_defaults=True),
    }
    draft.revision = 1
    services.drafts.save(draft)
    return draft


def open_starter(services: Services, draft: Draft, starter: Starter) -> None:
    replace_text(services, draft, starter.code(), Origin(kind="starter", starter=starter.name), None, "")
    services.drafts.update(draft.id, parent_id=None)
    expect(services, draft, None)
    show_diff(draft, False)


def take_reply(services: Services, draft: Draft, turn: Turn, codec: Codec) -> None:
    """Claude's codec goes into the editor, as a diff against what the person had."""
    origin = Origin(
        kind="claude", prompt=turn.prompt, model=turn.state.model, conversation_id=turn.conversation_id, note=turn.id
    )
    before, name = what_the_person_had(services, draft)
    replace_text(services, draft, codec.code, origin, before, name)
    expect(services, draft, codec.expected)
    if turn.kind == "fresh":
        services.drafts.update(draft.id, parent_id=None)
    elif turn.about and services.store.get(turn.about) is not None:
        services.drafts.update(draft.id, parent_id=turn.about)
    show_diff(draft, before is not None)


def show_diff(draft: Draft, shown: bool) -> None:
    renew(draft.id, "diff")
    st.session_state[widget_key("diff", draft.id)] = shown


def what_the_person_had(services: Services, draft: Draft) -> tuple[str | None, str]:
    """What a proposal is compared with, and its name.

    Where the editor still holds an earlier proposal that nobody accepted, edited or ran, this is what was there before
    it: otherwise the person would never see what the first of the two has changed.
    """
    if not draft.text.strip():
        return None, ""
    unseen = draft.origin.get("kind") == "claude" and draft.source_sha256 == sha256(draft.text)
    run = services.store.get(draft.experiment_id) if draft.experiment_id else None
    if unseen and draft.baseline is not None and (run is None or run.code != draft.text):
        return draft.baseline, draft.baseline_name
    return draft.text, "what was in the editor"


def dispatch_draft(services: Services, draft: Draft, choice: RunChoice) -> str | None:
    """Dispatch what the editor holds. Returns a sentence where it was refused, else None and the draft follows the run."""
    checked = check_code(draft.text)
    if not checked.ok:
        first = checked.errors[0]
        return f"The code does not keep the contract yet: line {first.line}, {first.message}."
    if choice.problem:
        return choice.problem
    request = ExperimentRequest(
        code=draft.text,
        id=new_id(),
        title=choice.title or None,
        clips=choice.clips,
        rates=choice.rates,
        frames=choice.frames,
        timing_runs=choice.timing_runs,
        limits=choice.limits,
        parent_id=parent_of(services, draft),
        origin=origin_of(draft),
        hypothesis=choice.hypothesis,
    )
    try:
        done = dispatch(services.agent, services.store, request, choice.clips[0], services.away())
    except AgentError as e:
        return str(e)
    ran = {"experiment_id": done.experiment.id, "parent_id": done.experiment.id, "tested_sha256": sha256(draft.text)}
    services.drafts.update(draft.id, **ran)
    if done.note:
        st.toast(done.note, icon=":material/cloud_off:")
    return None


def parent_of(services: Services, draft: Draft) -> str | None:
    """The experiment that this code came from; an unchanged text has the same parent as its earlier run."""
    parent = services.store.get(draft.parent_id) if draft.parent_id else None
    if parent is None:
        return None
    return parent.parent_id if parent.code == draft.text else parent.id


def origin_of(draft: Draft) -> Origin:
    """Where the code came from, and whether a person edited it since."""
    origin = Origin(**draft.origin)
    edited = draft.source_sha256 is not None and sha256(draft.text) != draft.source_sha256
    return origin.model_copy(update={"note": "edited by hand"}) if edited else origin
