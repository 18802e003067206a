"""The conversations of the lab: reopen one, rename it, take it along as markdown, branch it, look at what was sent."""

from __future__ import annotations

import base64
import re

import streamlit as st

from app.claude.conversation import Conversation, Turn
from app.claude.store import Busy
from app.drafts import Draft
from app.panels.renewed import renew, widget_key
from app.results.format import ago, escape_markdown, plural, short
from app.services import Services

SHOWN = 40
"""Conversations in the list, the most recently used first; a search goes through so many more."""
SEARCHED = 1000


def conversations(services: Services, draft: Draft) -> None:
    """A popover in the chat's header. What is in it is drawn only while it is open: the header is polled."""
    popover = st.popover("Chats", icon=":material/forum:", key=widget_key("chats", draft.id), on_change="rerun")
    if not popover.open:
        return
    with popover:
        if draft.conversation_id:
            this_one(services, draft.conversation_id)
        listed(services, draft)


def this_one(services: Services, conversation_id: str) -> None:
    """Title, export, and where it branched from."""
    conversation = services.chat.conversation(conversation_id)
    if not conversation.turns:
        return
    key = f"chat-title-{conversation.id}"

    def rename() -> None:
        services.chat.store.rename(conversation.id, st.session_state[key])

    st.text_input("Title of this conversation", conversation.title, key=key, max_chars=70, on_change=rename)
    if conversation.branched_from:
        st.caption(f":material/call_split: Branched from another conversation after turn {conversation.branched_at}.")
    st.download_button(
        "Export as markdown",
        conversation.markdown(),
        f"{file_name(conversation.title)}.md",
        "text/markdown",
        key=f"export-{conversation.id}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def listed(services: Services, draft: Draft) -> None:
    """Every other conversation, one click away."""
    known = [c for c in services.chat.store.list(SEARCHED) if c.turns and c.id != draft.conversation_id]
    if not known:
        st.caption(
            "Other conversations appear here; each can be opened again."
            if draft.conversation_id
            else "Conversations with Claude appear here, and can be opened again at any time."
        )
        return
    st.markdown("**Open again**")
    words = (
        st.text_input(
            "Search",
            key=f"chat-search-{draft.id}",
            type="search",
            placeholder="Search titles",
            label_visibility="collapsed",
        )
        if len(known) > 8
        else ""
    )
    found = [c for c in known if words.casefold() in c.title.casefold()]
    with st.container(height=280 if len(found) > 7 else "content", border=False, gap="xsmall", key="chat-list"):
        for c in found[:SHOWN]:
            st.button(
                f"{escape_markdown(short(c.title, 60))} · {plural(c.turns, 'turn')}, {ago(c.updated_at)}",
                key=f"open-chat-{c.id}",
                type="tertiary",
                icon=":material/chat_bubble:",
                on_click=pick,
                args=(services, draft.id, c.id),
            )
        if not found:
            st.caption("No title has these words.")


def pick(services: Services, draft_id: str, conversation_id: str) -> None:
    """Another conversation, from the list; with a new popover, closed. The old one, closed by Python, would open again
    with the next click anywhere: the browser goes on saying that it is open."""
    services.drafts.update(draft_id, conversation_id=conversation_id)
    renew(draft_id, "chats")


def branch_button(services: Services, draft: Draft, conversation: Conversation, turn: Turn) -> None:
    """A new conversation that goes on from this turn; the one it comes from stays in the list as it is."""
    if st.button(
        "Branch",
        key=f"branch-{turn.id}",
        icon=":material/call_split:",
        type="tertiary",
        help="Go on from here in a conversation of its own; this one stays as it is",
    ):
        try:
            made = services.chat.store.branch(conversation.id, turn.number)
        except Busy as e:
            st.toast(str(e), icon=":material/hourglass_top:")
            return
        services.drafts.update(draft.id, conversation_id=made.id)
        st.toast("A branch of the conversation; the other one is under Chats.", icon=":material/call_split:")
        st.rerun()


def sent_along(services: Services, turn: Turn) -> None:
    """What Claude got beside the person's words, on request: the chat is polled, and it may be long."""
    texts = [block["text"] for block in turn.content if block.get("type") == "text"]
    pictures = [block for block in turn.content if block.get("type") == "image"]
    if texts == [turn.prompt]:
        return
    with_pictures = f" and {plural(len(pictures), 'picture')}" if pictures else ""
    if not st.toggle(f"Show what Claude got{with_pictures}", key=f"sent-{turn.id}"):
        return
    st.code(texts[0] if texts else "", language=None, wrap_lines=True, height=320)
    for caption, block in zip(texts[1:], pictures):
        st.image(base64.b64decode(block["source"]["data"]))
        st.caption(escape_markdown(caption))


def file_name(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()[:60] or "conversation"
