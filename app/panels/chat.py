"""Chat with Claude: the conversation, the reply as it streams, the codec taken from it, and what went wrong."""

from __future__ import annotations

import streamlit as st

from app.claude.conversation import Conversation, Turn
from app.claude.models import EFFORTS, MODELS, bill, label
from app.claude.reply import Codec, Problem, read_codec
from app.claude.state import TurnState, TurnStatus
from app.drafts import Draft
from app.panels.asking import ask, send_wish
from app.panels.conversations import branch_button, conversations, sent_along
from app.panels.draft import take_reply
from app.results.format import escape_markdown, pictures_as_text
from app.services import Services

POLL_SECONDS = 0.4
HEIGHT = 440
IDEAS = (
    ("A wavelet codec with context-adaptive bit planes", False),
    ("Motion compensation with overlapped blocks", False),
    ("Make the codec in the editor spend fewer bits on flat areas", True),
)
"""What to ask for, and whether the code in the editor goes along."""

NO_KEY = (
    "Claude needs an API key. Set `ANTHROPIC_API_KEY` and start `./lab` again, or put `anthropic_api_key` into "
    "`streamlit_config/secrets.toml`. On AWS, `CODEC_LAB_CLAUDE_VIA=bedrock` needs none. Everything else works without."
)


def chat_panel(services: Services, draft: Draft) -> None:
    """Polls only while a reply is on its way. What is typed into the box lies outside what polls."""
    running = bool(draft.conversation_id and services.chat.running(draft.conversation_id))

    @st.fragment(run_every=POLL_SECONDS if running else None, key=f"chat-{draft.id}")
    def panel() -> None:
        now = services.drafts.get(draft.id) or draft
        header(services, now)
        with st.container(height=HEIGHT, border=True, key="chat-scroll", autoscroll=True):
            messages(services, now)
        # Last, because a button that was clicked as the reply ended must be asked before the page is drawn anew.
        if running != bool(now.conversation_id and services.chat.running(now.conversation_id)):
            st.rerun()  # the reply began or ended: the page's polling and the buttons change

    panel()
    prompt_box(services, draft, running)


def prompt_box(services: Services, draft: Draft, running: bool) -> None:
    """Where a message is typed; while Claude answers, what is typed stays and waits for the end or for a stop."""
    unsent = st.session_state.get("unsent")
    with st.container():  # in a place of its own, so that the box below stays, with what is typed into it
        if unsent:
            words, why = unsent
            st.warning(escape_markdown(f"Not sent: “{words}” {why}"), icon=":material/hourglass_top:")
            if st.button("Send it now", key="send-unsent", icon=":material/send:", disabled=running):
                send_wish(services, draft, words)
    st.chat_input(
        "Describe an idea or a change" if services.connection.ready else "Claude needs an API key; see above",
        key="chat-input",
        disabled=running or not services.connection.ready,
        on_submit=note_typed,
    )
    typed = st.session_state.pop("typed", None)
    if typed:
        send_wish(services, draft, typed)


def note_typed() -> None:
    """A box that is disabled in the very run that brings the text, because another tab asked first, does not return it."""
    st.session_state["typed"] = st.session_state["chat-input"]


def header(services: Services, draft: Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="chat-header", gap="xsmall"):
        st.markdown("**Claude**", width="content")
        st.space("stretch")
        if draft.conversation_id:
            conversation_controls(services, draft)
        conversations(services, draft)
        with st.popover("Model", icon=":material/tune:", key="model-popover"):
            model_form(services)


def conversation_controls(services: Services, draft: Draft) -> None:
    """What the conversation cost so far, and the way to stop it or to leave it."""
    conversation = services.chat.conversation(draft.conversation_id or "")
    if conversation.turns:
        said = bill(conversation.usage, conversation.cost, conversation.usage_final)
        least = "" if conversation.usage_final else "≥ "
        short = "$ ?" if conversation.cost is None else f"{least}${conversation.cost:.2f}"
        st.caption(escape_markdown(short), width="content", help=f"This conversation: {escape_markdown(said)}")
    turn = services.chat.running(conversation.id)
    if turn is not None:
        if st.button("Stop", key="stop-claude", icon=":material/stop_circle:", help="What has arrived is kept"):
            turn.cancel()
            turn.wait(5)
            st.rerun()
    elif conversation.turns and st.button("New chat", key="new-chat", icon=":material/add_comment:", type="tertiary"):
        services.drafts.update(draft.id, conversation_id=None)
        st.rerun()


def model_form(services: Services) -> None:
    known = [m.id for m in MODELS]
    preset = services.settings.claude_model
    options = known if preset in known else [preset, *known]
    st.selectbox(
        "Model",
        options,
        index=options.index(preset),
        format_func=label,
        accept_new_options=True,
        help="Another model's id can be typed. Where its price is not known, its cost is shown as unknown.",
        key="claude-model",
        persist_state="session",
    )
    st.select_slider(
        "Effort", EFFORTS, value=services.settings.claude_effort, key="claude-effort", persist_state="session"
    )
    st.caption("More effort: deeper thinking, more tokens, more waiting.")
    st.toggle(
        "Send the editor's code along",
        True,
        key="claude-with-code",
        persist_state="session",
        help="Claude sees the codec in the editor and what its last run measured. Off: only your words.",
    )


def messages(services: Services, draft: Draft) -> None:
    if not draft.conversation_id:
        empty_state(services, draft)
        return
    conversation = services.chat.conversation(draft.conversation_id)
    turns = conversation.turns
    if not turns:
        empty_state(services, draft)
    for turn in turns:
        with st.chat_message("user", avatar=":material/person:"):
            st.markdown(escape_markdown(turn.prompt).replace("\n", "  \n"))
            sent_along(services, turn)
        with st.chat_message("assistant", avatar=":material/smart_toy:"):
            reply(services, draft, turn, last=turn is turns[-1])
            if not turn.state.status.active:
                below(services, draft, conversation, turn)


def empty_state(services: Services, draft: Draft) -> None:
    if not services.connection.ready:
        st.info(NO_KEY, icon=":material/key:")
    st.markdown("Describe a codec and Claude writes it, or ask for a change to the one in the editor.")
    st.caption("For example:")
    with st.container(key="ideas", gap="xsmall"):
        for number, (idea, with_code) in enumerate(IDEAS):
            if st.button(
                idea,
                key=f"idea-{number}",
                type="tertiary",
                icon=":material/lightbulb:",
                disabled=not services.connection.ready,
            ):
                send_wish(services, draft, idea, with_code)


def reply(services: Services, draft: Draft, turn: Turn, last: bool) -> None:
    state = turn.state
    if state.thinking.strip():
        with st.expander("Thinking", icon=":material/psychology:", expanded=state.status is TurnStatus.THINKING):
            st.markdown(escape_markdown(state.thinking))
    if state.text:
        st.markdown(pictures_as_text(state.text))
    if state.status.active:
        waiting(state)
        return
    if state.error:
        st.warning(escape_markdown(state.error), icon=":material/warning:")
        if state.detail:
            st.caption(escape_markdown(state.detail))
    proposal(services, draft, turn, last)


def below(services: Services, draft: Draft, conversation: Conversation, turn: Turn) -> None:
    """What the turn cost, and another way on from it."""
    state = turn.state
    cost = f"{bill(state.usage, state.cost, state.usage_final)} · {state.seconds:.0f} s"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(escape_markdown(f"{label(state.model)} · {'copied' if conversation.copied(turn) else cost}"))
        branch_button(services, draft, conversation, turn)


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
            ask(services, draft, "Repair the last reply.", found.repair, "repair", turn.about)


def worth_repair(turn: Turn, problem: Problem) -> bool:
    """A question that was answered without code needs no repair."""
    return problem.kind != "no_codec" and bool(turn.state.text.strip())
