"""One attempt of a run: what it changed, what it measured, the exchange with Claude, and the way into the lab."""

from __future__ import annotations

import streamlit as st

from app.autopilot.models import Attempt, Run
from app.autopilot.progress import KINDS, VERDICTS, money
from app.claude.models import label
from app.drafts import Draft
from app.panels.autopilot_words import diff
from app.results.format import DASH, escape_markdown, listed, number, percent, pictures_as_text, plural, seconds
from app.services import Services
from gpu_agent.models import Origin

STAGES = {"probe": "Probe", "full": "Full run", "validation": "Validation"}


def attempt_view(services: Services, run: Run, attempts: list[Attempt], wanted: int) -> None:
    a = services.ledger.attempt(run.id, wanted)
    if a is None:
        return
    with st.container(border=True, key="autopilot-attempt"):
        title(services, run, a)
        figures(a)
        parent = with_code(services, run, attempts, a)
        changes, exchange, code = st.tabs(["Changes", "Exchange with Claude", "Code"])
        with changes:
            changed(a, parent)
        with exchange:
            talk(a)
        with code:
            if a.code:
                st.code(a.code, language="python", line_numbers=True, height=460)
            else:
                st.caption("There is no code in this reply.")


def with_code(services: Services, run: Run, attempts: list[Attempt], a: Attempt) -> Attempt | None:
    """The nearest ancestor that brought code: a broken reply has none."""
    known = {b.number: b for b in attempts}
    at = a
    while at.parents:
        at = known[at.parents[0]]
        found = services.ledger.attempt(run.id, at.number)
        if found is not None and found.code:
            return found
    return None


def title(services: Services, run: Run, a: Attempt) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="attempt-head"):
        st.markdown(f"**Attempt {a.number}: {escape_markdown(a.title or 'untitled')}**", width="content")
        for stage, experiment in a.experiments.items():
            st.page_link(
                "app_pages/experiment.py",
                label=STAGES[stage],
                icon=":material/open_in_new:",
                query_params={"id": experiment},
            )
        if a.code and st.button("Open in lab", icon=":material/science:", key=f"open-attempt-{a.number}"):
            open_in_lab(services, run, a)
    parents = f" of {listed([f'attempt {n}' for n in a.parents])}" if a.parents else ""
    kind = KINDS[a.kind]
    st.caption(escape_markdown(f"{kind[:1].upper()}{kind[1:]}{parents}. {a.reason}"))
    words = VERDICTS[a.verdict] if a.verdict else "under way"
    st.markdown(escape_markdown(a.said or f"{words[:1].upper()}{words[1:]}.").replace("\n", "  \n"))
    if a.expected:
        st.caption(escape_markdown(f"Claude expected: {a.expected.text}"))


def figures(a: Attempt) -> None:
    facts = {
        "BD-rate": (percent(a.score), "search clips, against x264 medium"),
        "Validation": (percent(a.validation_score), "clips that Claude never sees"),
        "Decode": (f"{number(a.decode_ms, 1)} ms" if a.decode_ms else DASH, "a frame"),
        "Claude": (money(a), tokens(a)),
        "Agent": (seconds(a.agent_seconds) if a.agent_seconds else DASH, plural(len(a.experiments), "experiment")),
    }
    for column, (name, (value, note)) in zip(st.columns(len(facts)), facts.items()):
        column.markdown(f"{name}  \n**{escape_markdown(value)}**")
        column.caption(escape_markdown(note))


def tokens(a: Attempt) -> str:
    if a.request == "none":
        return "no request"
    taken = f", {seconds(a.claude_seconds)}" if a.claude_seconds else ""
    return f"{a.tokens.input_total:,} tokens in, {a.tokens.output:,} out{taken}"


def changed(a: Attempt, parent: Attempt | None) -> None:
    if not a.code:
        st.caption("There is no code to compare.")
    elif parent is None:
        st.caption("It has no parent: all of its code is its own.")
    else:
        st.caption(f"Against attempt {parent.number}, {escape_markdown(parent.title or 'untitled')}.")
        text = diff(parent.code, a.code)
        st.code(text, language="diff", height=460 if text.count("\n") > 22 else "content")


def talk(a: Attempt) -> None:
    if not a.prompt:
        st.caption("A starting codec: Claude was not asked.")
        return
    with st.chat_message("user", avatar=":material/autoplay:"):
        st.code(a.prompt, language=None, wrap_lines=True, height=320 if len(a.prompt) > 1200 else "content")
        if a.pictures:
            st.caption(f"With {plural(a.pictures, 'picture')} of its parents' worst blocks.")
    with st.chat_message("assistant", avatar=":material/smart_toy:"):
        if a.reply.strip():
            st.markdown(pictures_as_text(a.reply))
        else:
            st.caption(escape_markdown(a.said or "Nothing has arrived yet."))
        if a.model:
            st.caption(escape_markdown(f"{label(a.model)}, effort {a.effort} · {money(a)} · {tokens(a)}"))


def open_in_lab(services: Services, run: Run, a: Attempt) -> None:
    """A new draft from this attempt's code, on the run's search clips."""
    parent = a.experiments.get("full") or a.experiments.get("probe")
    draft: Draft = services.drafts.new()
    draft.text = draft.baseline = a.code
    draft.baseline_name = a.title or f"attempt {a.number}"
    draft.parent_id = parent
    draft.origin = Origin(kind="fork", note=f"{run.id}/{a.number}").model_dump(mode="json", exclude_none=True)
    draft.form = {"clips": run.settings.search_clips, "rates": "", "frames": run.settings.frames, "title": ""}
    draft.revision = 1
    services.drafts.save(draft)
    st.switch_page("app_pages/lab.py", query_params={"draft": draft.id})
