"""The run form: clips, rates, frames, limits, title. What is in it is kept with the draft."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import streamlit as st

from app.components.upload import clip_upload
from app.drafts import Draft
from app.panels.expectation import expectation
from app.panels.renewed import renew, widget_key
from app.results.format import escape_markdown, frame_rate, seconds
from app.services import Services
from gpu_agent.check import check_code
from gpu_agent.contract import MAX_RATES
from gpu_agent.models import Clip, Hypothesis, Limits, Rate

LIMITS = {
    "wall_seconds": ("Wall time (s)", 1.0, 86_400.0),
    "memory_mb": ("Memory (MB)", 64, 1 << 20),
    "tmp_mb": ("Temporary files (MB)", 1, 1 << 16),
}
"""What of the limits a person may set here: label, least and most."""


class RunChoice(NamedTuple):
    """What to run on. `problem` is a sentence where the form cannot be dispatched as it stands."""

    clips: list[str]
    rates: list[Rate] | None
    frames: int | None
    limits: Limits
    title: str
    timing_runs: int = 1
    problem: str | None = None
    hypothesis: Hypothesis | None = None


def parse_rates(text: str) -> tuple[list[Rate] | None, str | None]:
    """Rates from '22, 27 32'; None for an empty field, which means the codec's own RATES."""
    words = text.replace(",", " ").replace(";", " ").split()
    if not words:
        return None, None
    rates: list[Rate] = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            return None, f"Rates are numbers, such as 22, 27, 32, 37; “{word}” is none."
        if not math.isfinite(value):
            return None, f"Rates are finite numbers; “{word}” is none."
        rates.append(int(value) if value.is_integer() else value)
    rates = list(dict.fromkeys(rates))
    if len(rates) > MAX_RATES:
        return None, f"At most {MAX_RATES} rates can be run at once; these are {len(rates)}."
    return rates, None


def clip_label(clip: Clip) -> str:
    return f"{clip.name} · {clip.visible_width}×{clip.visible_height}, {clip.frames} frames"


def run_form(services: Services, draft: Draft) -> RunChoice:
    clips, default = services.clips()
    by_name = {c.name: c for c in clips}
    saved = draft.form
    kept = saved.get("clips") or default
    wanted = [n for n in kept if n in by_name] or [n for n in default if n in by_name]
    if not by_name:  # the agent is away: what was chosen before may well be there
        wanted = list(dict.fromkeys(kept)) or ["carphone"]
    options = list(by_name) or wanted
    state = clips_key(draft, wanted, set(by_name))
    if state not in st.session_state:
        st.session_state[state] = wanted or options[:1]
    st.session_state[state] = [n for n in st.session_state[state] if n in options]

    own = ", ".join(f"{r:g}" for r in check_code(draft.text).rates)
    a, b, c, d = st.columns([5, 3, 2, 3], vertical_alignment="bottom")
    chosen = a.multiselect(
        "Clips",
        options,
        key=state,
        format_func=lambda n: clip_label(by_name[n]) if n in by_name else n,
        placeholder="Choose clips",
    )
    rates_text = b.text_input(
        "Rates",
        saved.get("rates", ""),
        key=widget_key("rates", draft.id),
        placeholder=f"the codec's own: {own}",
        help="The codec's quality knob, several values give a curve. Empty: its own RATES.",
    )
    frames = c.number_input(
        "Frames",
        1,
        None,
        saved.get("frames"),
        key=f"frames-{draft.id}",
        placeholder="all",
        help="Only the first so many frames of each clip: quicker while you try things.",
    )
    title = d.text_input(
        "Title", saved.get("title", ""), key=f"run-title-{draft.id}", max_chars=200, placeholder="from the docstring"
    )
    words, figure = st.columns([10, 3], vertical_alignment="bottom")
    hypothesis = expectation(services, draft, words, figure)
    describe(chosen, by_name)
    rates, problem = parse_rates(rates_text)
    if not chosen:
        problem = "Choose at least one clip."
    limits = limits_of(draft, saved.get("limits") or {})
    timing_runs = int(st.session_state.get(f"timing-{draft.id}") or saved.get("timing_runs") or 1)
    keep(
        services,
        draft,
        {
            "clips": chosen,
            "rates": rates_text,
            "frames": frames,
            "title": title,
            "limits": limits.model_dump(exclude_defaults=True),
            "timing_runs": timing_runs,
        },
    )
    return RunChoice(chosen, rates, frames, limits, title, timing_runs, problem, hypothesis)


def clips_key(draft: Draft, wanted: list[str], known: set[str]) -> str:
    """The key of the clips' widget. A clip that was just uploaded is chosen at once, in a new widget: of the old one the
    browser may still say, with the next click, that only the clips before are chosen."""
    before, fresh = widget_key("clips", draft.id), st.session_state.get("uploaded-clip")
    if fresh not in known:
        return before
    del st.session_state["uploaded-clip"]
    renew(draft.id, "clips")
    after = widget_key("clips", draft.id)
    st.session_state[after] = list(dict.fromkeys([*st.session_state.get(before, wanted), fresh]))
    return after


def describe(chosen: list[str], by_name: dict[str, Clip]) -> None:
    """What the chosen clips are, in a line each."""
    for name in chosen[:3]:
        clip = by_name.get(name)
        if clip is not None:
            facts = f"{frame_rate(clip.fps)}, {seconds(clip.seconds)}"
            more = f" · {clip.conversion}" if clip.conversion else ""
            st.caption(escape_markdown(f"{clip.title}: {clip.description or clip.origin} ({facts}){more}"))


def limits_of(draft: Draft, saved: dict[str, Any]) -> Limits:
    """The limits as the popover beside the button has them, which is drawn after the form."""
    changed = {name: st.session_state.get(f"{name}-{draft.id}") for name in LIMITS}
    return Limits(**saved).model_copy(update={k: v for k, v in changed.items() if v is not None})


def limits_popover(draft: Draft, choice: RunChoice) -> None:
    with st.popover("Limits", icon=":material/timer:", help="Bounds of each encode and each decode"):
        for name, (label, low, high) in LIMITS.items():
            st.number_input(label, low, high, type(low)(getattr(choice.limits, name)), key=f"{name}-{draft.id}")
        st.number_input(
            "Timing runs",
            1,
            9,
            choice.timing_runs,
            key=f"timing-{draft.id}",
            help="Encode and decode each point so many times: times are medians, and their spread is shown. For claims "
            "about speed.",
        )
        st.caption("Enforced by the agent for each encode and each decode; a run that passes one fails and says which.")


def upload_popover(services: Services) -> None:
    with st.popover("Upload a clip", icon=":material/upload:"):
        uploaded = clip_upload(key="clip-upload")
        if uploaded:
            services.clips(fresh=True)
            st.session_state["uploaded-clip"] = uploaded
            st.rerun()


def keep(services: Services, draft: Draft, form: dict[str, Any]) -> None:
    if form != draft.form:
        draft.form = form
        services.drafts.update(draft.id, form=form)
