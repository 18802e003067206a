"""The start form: goal, starting codecs, strategy, model, clips, budget; with what it may cost before it starts."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import streamlit as st
from pydantic import ValidationError

from app.autopilot.estimate import estimate
from app.autopilot.models import BudgetSettings, RunSettings, Start
from app.autopilot.strategies import STRATEGIES
from app.claude.models import EFFORTS, MODELS, label
from app.panels import press
from app.panels.chat import NO_KEY
from app.panels.run_form import clip_label
from app.results.format import escape_markdown, short
from app.services import Services
from gpu_agent.codecs import STARTERS
from gpu_agent.models import Limits, Status
from gpu_agent.store import Query

START = "start-autopilot"
RECENT = 40
MOST_STARTS = 4
GOAL = "Fewer bits at equal PSNR than the codec it starts from, still decoding at 5 frames per second or more."


class Offer(NamedTuple):
    """A codec that a run can start from."""

    label: str
    name: str
    code: str
    experiment_id: str | None


def start_form(services: Services, expanded: bool) -> str | None:
    """Draws the form; the new run's id where Start was pressed."""
    with st.expander("Start a run", expanded=expanded, icon=":material/play_circle:", key="start-run"):
        if not services.connection.ready:
            st.info(NO_KEY, icon=":material/key:")
        settings, title, problem = fields(services)
        if settings is not None:
            told = estimate(settings, services.connection.prices, services.ledger.reply_lengths(settings.model))
            st.caption(f":material/payments: {escape_markdown(told.sentence)}")
            problem = told.refusal
        if problem:
            st.warning(escape_markdown(problem), icon=":material/rule:")
        press.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            key=START,
            disabled=settings is None or problem is not None,
            help="The service takes it up at once and goes on when this page is closed",
        )
        if press.taken(START) and settings is not None and problem is None:
            return services.ledger.start(settings, title).id
    return None


def fields(services: Services) -> tuple[RunSettings | None, str, str | None]:
    """What the fields say, or a sentence about what is missing."""
    known = {offer.label: offer for offer in offers(services)}
    left, right = st.columns([3, 2], gap="medium")
    goal = left.text_area(
        "Goal", GOAL, key="autopilot-goal", height=110, max_chars=8000, help="In your words; Claude reads it each time."
    )
    chosen = right.multiselect(
        "Start from",
        list(known),
        list(known)[:1],
        key="autopilot-starts",
        max_selections=MOST_STARTS,
        placeholder="nothing: Claude begins from the goal",
        help="Each is measured first, so that there is something to compare with.",
    )
    title = right.text_input("Title", key="autopilot-title", max_chars=200, placeholder="the goal's first line")
    strategy, model, effort = method(services)
    search, validation, frames, clip_problem = clips(services)
    budget, budget_problem = budget_of()
    more = options()
    problem = clip_problem or budget_problem
    if problem or budget is None:
        return None, title, problem
    try:
        settings = RunSettings(
            goal=goal,
            starts=[Start(name=o.name, code=o.code, experiment_id=o.experiment_id) for o in (known[c] for c in chosen)],
            strategy=strategy,
            model=model,
            effort=effort,
            search_clips=search,
            validation_clips=validation,
            frames=frames,
            budget=budget,
            **more,
        )
    except ValidationError as error:
        return None, title, str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return settings, title, None


def offers(services: Services) -> list[Offer]:
    """The starters, then what was measured lately."""
    made = [Offer(f"Starter: {s.title}", s.title, s.code(), None) for s in STARTERS]
    recent = services.store.page(Query(RECENT, status=Status.SUCCEEDED)).items
    made += [Offer(f"{short(e.title, 60)} · {e.id}", e.title, e.code, e.id) for e in recent]
    return made


def method(services: Services) -> tuple[str, str, str]:
    a, b, c = st.columns(3, gap="medium")
    strategy = a.selectbox(
        "Strategy",
        list(STRATEGIES),
        format_func=lambda name: STRATEGIES[name].title,
        key="autopilot-strategy",
        help="\n".join(f"- **{s.title}**: {s.description}" for s in STRATEGIES.values()),
    )
    ids = [m.id for m in MODELS]
    preset = services.settings.claude_model
    ids = ids if preset in ids else [preset, *ids]
    model = b.selectbox(
        "Model",
        ids,
        ids.index(preset),
        format_func=label,
        key="autopilot-model",
        accept_new_options=True,
        help="Another model's id can be typed; its cost is unknown unless CODEC_LAB_PRICES has its price.",
    )
    effort = c.select_slider("Effort", EFFORTS, value=services.settings.claude_effort, key="autopilot-effort")
    a.caption(STRATEGIES[strategy].description)
    return strategy, model or preset, effort


def clips(services: Services) -> tuple[list[str], list[str], int | None, str | None]:
    catalogue, default = services.clips()
    by_name = {c.name: c for c in catalogue}
    names = list(by_name) or ["carphone"]
    form = lambda name: clip_label(by_name[name]) if name in by_name else name
    a, b, c = st.columns([4, 4, 2], gap="medium")
    preset = [n for n in default if n in names] or names[:1]
    search = a.multiselect(
        "Search clips", names, preset, key="autopilot-search", format_func=form, help="Claude sees what these measured."
    )
    rest = [n for n in names if n not in search]
    natural = [n for n in rest if n in by_name and by_name[n].origin != "rendered"]
    validation = b.multiselect(
        "Validation clips",
        rest,
        (natural or rest)[:1],
        key="autopilot-validation",
        format_func=form,
        placeholder="none",
        help="Claude never sees these. Each champion is measured on them too: what it gained on the search clips alone shows.",
    )
    frames = c.number_input(
        "Frames", 1, None, 60, key="autopilot-frames", placeholder="all", help="Only the first so many of each clip."
    )
    return search, validation, frames, None if search else "Choose at least one search clip."


def budget_of() -> tuple[BudgetSettings | None, str | None]:
    """Whichever is reached first ends the run."""
    a, b, c, d = st.columns(4, gap="medium")
    dollars = a.number_input(
        "Dollars", 0.0, None, 5.0, 1.0, format="%.2f", key="autopilot-dollars", placeholder="no bound"
    )
    count = b.number_input("Experiments", 1, None, None, key="autopilot-experiments", placeholder="no bound")
    hours = c.number_input("Hours", 0.0, None, None, 0.5, key="autopilot-hours", placeholder="no bound")
    plateau = d.number_input(
        "Plateau",
        1,
        None,
        None,
        key="autopilot-plateau",
        placeholder="no bound",
        help="Ends after so many attempts in a row without a better champion.",
    )
    try:
        made = BudgetSettings(
            dollars=Decimal(f"{dollars:.2f}") if dollars else None,
            experiments=count,
            hours=hours or None,
            plateau=plateau,
        )
    except ValidationError as error:
        return None, str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return made, None


def options() -> dict[str, object]:
    with st.popover("More options", icon=":material/tune:", key="autopilot-more"):
        gate = st.toggle(
            "Ask me before each run",
            key="autopilot-gate",
            help="A candidate waits for your click before the agent runs it.",
        )
        pictures = st.toggle("Show Claude pictures of the worst blocks", True, key="autopilot-pictures")
        repairs = st.number_input(
            "Repairs", 0, 5, 1, key="autopilot-repairs", help="How often in a row Claude may mend a failed attempt."
        )
        tokens = st.number_input("Longest reply (tokens)", 4_000, 128_000, 64_000, 4_000, key="autopilot-tokens")
        wall = st.number_input("Wall time of a run (s)", 1.0, 86_400.0, 600.0, key="autopilot-wall")
        memory = st.number_input("Memory (MB)", 64, 1 << 20, 4096, key="autopilot-memory")
        seed = st.number_input("Seed", 0, None, 0, key="autopilot-seed", help="The same seed draws the same parents.")
    limits = Limits(wall_seconds=wall, memory_mb=memory)
    return {
        "gate": gate,
        "pictures": pictures,
        "repairs": repairs,
        "max_tokens": tokens,
        "limits": limits,
        "seed": seed,
    }
