"""How far the target is: tiers below x265's bits, one click away."""

from __future__ import annotations

import streamlit as st

from app.panels.anchors import curves_by_clip
from app.results.format import escape_markdown
from app.results.metrics import metric
from app.results.target import ANCHOR, EQUAL, GOOD, NAME, target
from app.services import Services
from gpu_agent.models import Experiment, Status

HELP = (
    f"Judged at the codec's own points with {GOOD}, against {NAME} on the same frames. Equal quality means equal "
    f"{' and '.join(metric(q).label for q in EQUAL)}: of the two savings the smaller counts. A tier is reached when "
    "every clip reaches it."
)


def target_view(services: Services, experiment: Experiment) -> None:
    """Nothing where x265 is not measured on every clip yet, or the run did not succeed."""
    if experiment.status is not Status.SUCCEEDED:
        return
    found = target(experiment, curves_by_clip(services, experiment, ANCHOR))
    if found is None:
        return
    reached = max((t.percent for t in found.tiers if t.reached), default=0)
    label = f"Target: {reached} % fewer bits than {NAME}, reached" if reached else f"Target: fewer bits than {NAME}"
    with st.expander(label, icon=":material/flag:"):
        st.markdown(escape_markdown(found.sentence), help=HELP)
        for tier in found.tiers:
            icon = "check_circle" if tier.reached else "radio_button_unchecked"
            st.markdown(f":material/{icon}: {escape_markdown(tier.text)}")
