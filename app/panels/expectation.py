"""What is expected of the codec before it runs: a line of the run form, kept with the draft."""

from __future__ import annotations

import hashlib

import streamlit as st

from app.drafts import Draft
from app.panels.renewed import renew, widget_key
from app.services import Services
from gpu_agent.models import Hypothesis

HELP = "Kept with the experiment; afterwards its page says whether the measurement bore it out."
BITS_HELP = (
    "Bits at equal PSNR-YUV against the experiment that this code comes from: -10 is 10 % fewer. "
    "Empty: only the words are kept, and nothing is judged."
)


def expectation(services: Services, draft: Draft, words, figure) -> Hypothesis | None:
    """Draws into the two places given. What was expected of a text that has run is not expected of another one."""
    kept = draft.hypothesis or {}
    if kept and draft.tested_sha256 and draft.tested_sha256 != hashlib.sha256(draft.text.encode()).hexdigest():
        kept = {}
        expect(services, draft, None)
    text_key, bits_key = keys(draft)
    st.session_state.setdefault(text_key, kept.get("text", ""))
    st.session_state.setdefault(bits_key, kept.get("bd_rate"))
    text = words.text_input(
        "Hypothesis",
        key=text_key,
        max_chars=2000,
        placeholder="What do you expect of it, and why?",
        help=HELP,
    ).strip()
    bits = figure.number_input(
        "Expected bits (%)", -99.9, 10_000.0, None, format="%g", key=bits_key, placeholder="no figure", help=BITS_HELP
    )
    if not text and bits is not None:
        text = "Bits at equal quality"
    now = Hypothesis(text=text, bd_rate=bits) if text else None
    if now is not None and (now.text, now.bd_rate) == (kept.get("text"), kept.get("bd_rate")):
        return Hypothesis(**kept)
    if (now.model_dump(mode="json") if now else None) != draft.hypothesis and (now or kept):
        services.drafts.update(draft.id, hypothesis=now and now.model_dump(mode="json"), tested_sha256=None)
    return now


def expect(services: Services, draft: Draft, hypothesis: Hypothesis | None) -> None:
    """What is expected of the text that is there from now on, in place of what the fields hold."""
    kept = hypothesis.model_dump(mode="json") if hypothesis else None
    services.drafts.update(draft.id, hypothesis=kept, tested_sha256=None)
    if kept or draft.hypothesis or any(st.session_state.get(key) not in (None, "") for key in keys(draft)):
        renew(draft.id, "expected", "expected-bits")


def keys(draft: Draft) -> tuple[str, str]:
    """Of the words' field and of the figure's."""
    return widget_key("expected", draft.id), widget_key("expected-bits", draft.id)
