"""All experiments, newest first: filter, search, rerun in one click, open, compare, archive."""

from __future__ import annotations

import streamlit as st

from app.panels.actions import open_in_lab
from app.panels.agent import agent_badge, agent_notice
from app.panels.choice import go_compare
from app.panels.listing import listing
from app.results.contender import MOST, Pick
from app.results.format import plural
from app.services import services
from gpu_agent.models import Experiment, Status
from gpu_agent.store import Page, Query

PAGE = 50
POLL_SECONDS = 2.0
s = services()


def filters() -> Query:
    """The filter row; its state is in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        text = st.text_input(
            "Search", key="q", bind="query-params", type="search", placeholder="title, id, clip or note", width=300
        )
        status = st.selectbox(
            "Status",
            [status.value for status in Status],
            index=None,
            placeholder="any",
            key="status",
            bind="query-params",
            width=150,
        )
        archived = st.toggle("Archived", key="archived", bind="query-params")
        st.space("stretch")
        agent_badge(s)
    before = pager(f"{text}|{status}|{archived}")
    return Query(PAGE, before[-1] if before else None, Status(status) if status else None, text or None, archived)


def pager(query: str) -> list[str]:
    """The cursors of the pages walked through so far; they start anew with another filter."""
    if st.session_state.get("pager-of") != query:
        st.session_state["pager-of"], st.session_state["pager"] = query, []
    return st.session_state["pager"]


def page_controls(page: Page) -> None:
    cursors = st.session_state["pager"]
    if not cursors and page.next is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="pages"):
        st.caption(f"Page {len(cursors) + 1}, {PAGE} a page", width="content")
        if st.button("Newer", icon=":material/chevron_left:", disabled=not cursors):
            cursors.pop()
            st.rerun()
        if st.button("Older", icon=":material/chevron_right:", icon_position="right", disabled=page.next is None):
            cursors.append(page.next)
            st.rerun()


def selected_actions(chosen: list[Experiment]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="selected-actions"):
        st.caption(f"{plural(len(chosen), 'experiment')} selected", width="content")
        if len(chosen) == 1:
            if st.button("Open", type="primary", icon=":material/open_in_new:", key="open-selected"):
                st.switch_page("app_pages/experiment.py", query_params={"id": chosen[0].id})
            if st.button("Open in lab", icon=":material/science:", key="fork-selected"):
                open_in_lab(s, chosen[0])
        able = 2 <= len(chosen) <= MOST
        if able and st.button("Compare", type="primary", icon=":material/compare_arrows:", key="compare-selected"):
            go_compare([Pick("experiment", e.id) for e in reversed(chosen)])
        done = [e for e in chosen if e.status.terminal]
        if done:
            back = all(e.archived for e in done)
            icon = ":material/unarchive:" if back else ":material/archive:"
            if st.button("Unarchive" if back else "Archive", icon=icon, key="archive-selected"):
                for e in done:
                    s.store.annotate(e.id, archived=not back)
                st.rerun()
        if len(chosen) > MOST:
            st.caption(f"At most {MOST} can be compared at once.", width="content")


def empty(query: Query) -> None:
    if query.text or query.status or query.archived:
        st.info("No experiment matches. Loosen the search or the filters.", icon=":material/search_off:")
        return
    st.info(
        "No experiments yet. In the lab a starter codec is already in the editor: press Dispatch there, and its "
        "measurements appear here.",
        icon=":material/science:",
    )
    st.page_link("app_pages/lab.py", label="Go to the lab", icon=":material/science:")


watching = st.session_state.get("watching", False)  # the page polls only while an experiment in view is under way


@st.fragment(run_every=POLL_SECONDS if watching else None, key="listing")
def body() -> None:
    query = filters()
    page = s.store.page(query)
    active = any(not e.status.terminal for e in page.items)
    if active != watching:
        st.session_state["watching"] = active
        st.rerun()
    if not page.items:
        empty(query)
        return
    chosen = listing(s, page.items)
    page_controls(page)
    if chosen:
        selected_actions(chosen)
    else:
        st.caption(f"Tick one experiment for more, two to {MOST} to compare them.")


agent_notice(s)
body()
