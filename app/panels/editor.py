"""The editor of a draft with its toolbar: starters, diff, findings of the contract check."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import code_editor
from app.drafts import Draft
from app.panels.draft import open_starter
from app.panels.renewed import widget_key
from app.results.format import plural
from app.services import Services
from gpu_agent.check import Checked, check_code
from gpu_agent.codecs import offered

HEIGHT = 514


def editor_panel(services: Services, draft: Draft, on_submit: Callable[[], None]) -> None:
    """Draw the editor; `on_submit` is called for Ctrl+Enter, when the draft has the text, before the page's script runs."""
    checked = check_code(draft.text)
    toolbar(services, draft, checked)
    show_diff = bool(st.session_state.get(widget_key("diff", draft.id))) and draft.baseline is not None

    def submitted(text: str) -> None:
        services.drafts.update(draft.id, text=text)
        on_submit()

    code_editor(
        draft.text,
        key=f"editor-{draft.id}",
        revision=f"{draft.id}-{draft.revision}",
        baseline=draft.baseline,
        show_diff=show_diff,
        diagnostics=checked.diagnostics,
        height=HEIGHT,
        submit_label="dispatch",
        on_text=lambda text: services.drafts.update(draft.id, text=text),
        on_submit=submitted,
        on_baseline=lambda text: services.drafts.update(draft.id, baseline=text),
    )


def toolbar(services: Services, draft: Draft, checked: Checked) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="editor-toolbar"):
        st.markdown("**Codec**")
        health = services.health()
        names = {s.name: s for s in offered(health.device if health else None)}
        picked = st.menu_button(
            "Starters",
            list(names),
            format_func=lambda n: names[n].title,
            key=f"starters-{draft.id}",
            icon=":material/menu_book:",
            help="Replace the text by a starter codec; undo (Ctrl+Z) brings it back",
        )
        if picked:
            open_starter(services, draft, names[picked])
            st.rerun()
        if draft.baseline is not None:
            st.toggle("Diff", key=widget_key("diff", draft.id), help=f"Against {draft.baseline_name or 'the parent'}")
        st.space("stretch")
        findings(draft, checked)


def findings(draft: Draft, checked: Checked) -> None:
    errors, all_ = len(checked.errors), len(checked.diagnostics)
    if not draft.text.strip():
        st.badge("Empty", icon=":material/edit:", color="gray", help="Open a starter, or ask Claude for a codec")
    elif errors:
        st.badge(plural(errors, "error"), icon=":material/error:", color="red", help=checked.message)
    elif all_:
        more = "\n".join(f"line {d.line}: {d.message}" for d in checked.diagnostics)
        st.badge(plural(all_, "warning"), icon=":material/warning:", color="orange", help=more)
    else:
        st.badge("Keeps the contract", icon=":material/check:", color="green", help=f"Rates {checked.rates}")
