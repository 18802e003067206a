"""What a person says to a run: a sentence that steers it, and the verdict on a candidate that waits."""

from __future__ import annotations

import difflib

import streamlit as st

from app.autopilot.models import Run
from app.results.format import ago, escape_markdown
from app.services import Services


def steer(services: Services, run: Run) -> None:
    """Claude reads every such sentence with each question from now on."""
    form = st.form(f"steer-{run.id}", clear_on_submit=True, border=False)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Steer",
            key=f"steer-text-{run.id}",
            max_chars=2000,
            placeholder="For example: try a wavelet, or: leave the entropy coder alone",
            help="Claude reads it with the next question, and with each one after that.",
            width="stretch",
        )
        sent = st.form_submit_button("Send", icon=":material/send:")
    if sent and text.strip():
        services.ledger.say(run.id, "steer", text.strip())
        st.toast("Claude reads it with the next question.", icon=":material/check:")
    heard = {number: a.number for a in services.ledger.attempts(run.id, texts=False) for number in a.steers}
    for word in services.ledger.words(run.id):
        if word.kind == "steer":
            when = f"from attempt {heard[word.id]} on" if word.id in heard else "waits for the next question"
            st.caption(f":material/person: {escape_markdown(word.text)} · {escape_markdown(f'{ago(word.at)}, {when}')}")


def gate(services: Services, run: Run) -> None:
    """A candidate that waits for a click, with what it changes."""
    listed = services.ledger.attempts(run.id, texts=False)
    number = next((a.number for a in listed if a.phase == "approval"), None)
    waiting = services.ledger.attempt(run.id, number) if number is not None else None
    if waiting is None or any(w.attempt == number for w in services.ledger.words(run.id)):
        return
    with st.container(border=True, key="autopilot-gate-box"):
        st.markdown(f"**Attempt {waiting.number} waits for your approval: {escape_markdown(waiting.title or '')}**")
        parent = services.ledger.attempt(run.id, waiting.parents[0]) if waiting.parents else None
        if waiting.expected:
            st.caption(escape_markdown(f"Expected: {waiting.expected.text}"))
        if parent is not None and parent.code:
            st.code(diff(parent.code, waiting.code), language="diff", height=340)
        else:
            st.code(waiting.code, language="python", height=340)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Approve", type="primary", icon=":material/check:", key="approve-candidate"):
                services.ledger.say(run.id, "approve", attempt=waiting.number)
                st.rerun()
            why = st.text_input("Why not", key=f"why-not-{waiting.number}", placeholder="a reason, if you reject it")
            if st.button("Reject", icon=":material/close:", key="reject-candidate"):
                services.ledger.say(run.id, "reject", why, waiting.number)
                st.rerun()


def diff(before: str, after: str) -> str:
    """Unified; a sentence where nothing differs."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "parent", "attempt", n=3, lineterm="")
    return "\n".join(lines) or "The code is the same, letter for letter."
