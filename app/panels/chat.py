"""Chat with Claude: the conversation, the reply as it streams, the codec taken from it, and what went wrong."""

from __future__ import annotations

import streamlit as st

from app.claude.conversation import Turn
from app.claude.models import EFFORTS, MODELS, bill, label
from app.claude.prompt import fix, fresh, improve
from app.claude.reply import Codec, Problem, read_codec
from app.claude.state import TurnState, TurnStatus
from app.drafts import Draft
from app.panels.draft import take_reply
from app.results.format import escape_markdown
from app.services import Services
from gpu_agent.models import Experiment, Status

POLL_SECONDS = 0.4
HEIGHT = 500
NO_KEY = (
    "Claude needs an API key. Set `ANTHROPIC_API_KEY` and start `./lab` again, or put `anthropic_api_key` into "
    "`streamlit_config/secrets.toml`. Everything else works without one."
)


def chat_panel(services: Services, draft: Draft) -> None:
    """Polls only while a reply is on its way, so that typing elsewhere is never disturbed."""
    running = draft.conversation_id and services.chat.running(draft.conversation_id)

    @st.fragment(run_every=POLL_SECONDS if running else None, key=f"chat-{draft.id}")
    def panel() -> None:
        now = services.drafts.get(draft.id) or draft
        still = now.conversation_id and services.chat.running(now.conversation_id)
        if bool(still) != bool(running):
            st.rerun()  # the reply began or ended: the page's polling and the buttons change
        header(services, now)
        with st.container(height=HEIGHT, border=True, key="chat-scroll", autoscroll=True):
            messages(services, now)
        prompt_box(services, now, bool(still))

    panel()


def header(services: Services, draft: Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Claude**")
        st.space("stretch")
        if draft.conversation_id:
            conversation = services.chat.conversation(draft.conversation_id)
            if conversation.turns:
                st.caption(bill(conversation.usage, conversation.cost, conversation.usage_final))
                if st.button("New chat", key="new-chat", icon=":material/add_comment:", type="tertiary"):
                    services.drafts.update(draft.id, conversation_id=None)
                    st.rerun()
        with st.popover("Model", icon=":material/tune:"):
            known = [m.id for m in MODELS]
            preset = services.settings.claude_model
            options = known if preset in known else [preset, *known]
            st.selectbox(
                "Model",
                options,
                index=options.index(preset),
                format_func=label,
                key="claude-model",
                persist_state="session",
            )
            st.select_slider(
                "Effort", EFFORTS, value=services.settings.claude_effort, key="claude-effort", persist_state="session"
            )
            st.caption("More effort: deeper thinking, more tokens, more waiting.")


def messages(services: Services, draft: Draft) -> None:
    if not draft.conversation_id:
        empty_state(services)
        return
    turns = services.chat.conversation(draft.conversation_id).turns
    if not turns:
        empty_state(services)
    for turn in turns:
        with st.chat_message("user"):
            st.markdown(escape_markdown(turn.prompt))
        with st.chat_message("assistant", avatar=":material/smart_toy:"):
            reply(services, draft, turn, last=turn is turns[-1])


def empty_state(services: Services) -> None:
    st.markdown("Describe a codec and Claude writes it, or ask for a change to the one in the editor.")
    st.caption("For example:")
    ideas = (
        "A wavelet codec with context-adaptive bit planes",
        "Motion compensation with overlapped blocks, as simple as it can be and still work",
        "Make the codec in the editor spend fewer bits on flat areas",
    )
    for number, idea in enumerate(ideas):
        if st.button(
            idea,
            key=f"idea-{number}",
            type="tertiary",
            icon=":material/lightbulb:",
            disabled=not services.connection.ready,
        ):
            st.session_state["chat-idea"] = idea
            st.rerun(scope="fragment")
    if not services.connection.ready:
        st.info(NO_KEY, icon=":material/key:")


def reply(services: Services, draft: Draft, turn: Turn, last: bool) -> None:
    state = turn.state
    if state.thinking.strip():
        with st.expander("Thinking", icon=":material/psychology:", expanded=state.status is TurnStatus.THINKING):
            st.markdown(escape_markdown(state.thinking))
    if state.text:
        st.markdown(state.text)
    if state.status.active:
        waiting(state)
        return
    if state.error:
        st.warning(escape_markdown(state.error), icon=":material/warning:")
        if state.detail:
            st.caption(escape_markdown(state.detail))
    proposal(services, draft, turn, last)
    st.caption(f"{label(state.model)} · {bill(state.usage, state.cost, state.usage_final)} · {state.seconds:.0f} s")


def waiting(state: TurnState) -> None:
    words = {
        TurnStatus.CONNECTING: "Connecting",
        TurnStatus.THINKING: "Thinking",
        TurnStatus.WRITING: "Writing",
        TurnStatus.WAITING: state.notice or "Waiting",
    }[state.status]
    again = f" in {state.retry_in:.0f} s" if state.retry_in else ""
    st.caption(f":material/progress_activity: {escape_markdown(words)}{again} · {state.seconds:.0f} s")


def proposal(services: Services, draft: Draft, turn: Turn, last: bool) -> None:
    """The codec of a reply, to take into the editor; or what is missing, with repair in one click."""
    found = read_codec(turn.state)
    if isinstance(found, Codec):
        taken = draft.origin.get("note") == turn.id
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "In the editor" if taken else "Review in editor",
                key=f"take-{turn.id}",
                type="secondary" if taken or not last else "primary",
                icon=":material/rate_review:",
                disabled=taken,
            ):
                take_reply(services, draft, turn, found)
                st.rerun()
            st.caption(
                f"{found.code.count(chr(10))} lines" + (f" · {escape_markdown(found.title)}" if found.title else "")
            )
    elif last and worth_repair(turn, found):
        st.caption(f":material/build: {escape_markdown(found.sentence)}")
        if st.button(
            "Ask Claude to repair it",
            key=f"repair-{turn.id}",
            icon=":material/build:",
            disabled=not services.connection.ready,
        ):
            ask(services, draft, "Repair the last reply.", found.repair, "repair")


def worth_repair(turn: Turn, problem: Problem) -> bool:
    """A question that was answered without code needs no repair."""
    return problem.kind != "no_codec" and bool(turn.state.text.strip())


def prompt_box(services: Services, draft: Draft, running: bool) -> None:
    if running:
        if st.button("Stop", key="stop-claude", icon=":material/stop_circle:", width="stretch"):
            turn = services.chat.running(draft.conversation_id or "")
            if turn:
                turn.cancel()
            st.rerun()
        return
    failed = failed_run(services, draft)
    if failed is not None and st.button(
        "Ask Claude to fix the failed run",
        key="ask-fix",
        icon=":material/healing:",
        disabled=not services.connection.ready,
    ):
        message = failed.error.message if failed.error else ""
        category = failed.error.category if failed.error else "lost"
        ask(services, draft, "Fix the failed run.", fix(draft.text, category, message, failed.log), "fix")
    typed = st.chat_input(
        "Describe an idea or a change" if services.connection.ready else "Claude needs an API key; see above",
        key="chat-input",
        disabled=not services.connection.ready,
    )
    idea = st.session_state.pop("chat-idea", None)
    wish = typed or idea
    if wish:
        if draft.text.strip() and (draft.conversation_id or "editor" in wish.lower()):
            ask(services, draft, wish, improve(wish, draft.text), "improve")
        else:
            ask(services, draft, wish, fresh(wish), "fresh")


def failed_run(services: Services, draft: Draft) -> Experiment | None:
    experiment = services.store.get(draft.experiment_id) if draft.experiment_id else None
    return experiment if experiment and experiment.status is Status.FAILED and experiment.code == draft.text else None


def ask(services: Services, draft: Draft, prompt: str, content: str, kind: str) -> None:
    """Start a turn; the page then polls it."""
    if not draft.conversation_id:
        draft.conversation_id = services.chat.store.create().id
        services.drafts.update(draft.id, conversation_id=draft.conversation_id)
    services.chat.ask(
        draft.conversation_id,
        prompt,
        services.connection,
        content=content,
        kind=kind,
        model=st.session_state.get("claude-model", services.settings.claude_model),
        effort=st.session_state.get("claude-effort", services.settings.claude_effort),
    )
    st.rerun()
