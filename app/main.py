"""The lab's entry: the pages, and what all of them have in common."""

import streamlit as st

from app.sign_in.session import signed_in
from gpu_agent.store import StoreError

st.set_page_config(page_title="Codec Lab", page_icon="🎞️", layout="wide")
pages = {
    "": [
        st.Page("app_pages/lab.py", title="Lab", icon=":material/science:", default=True),
        st.Page("app_pages/experiments.py", title="Experiments", icon=":material/table_rows:"),
        st.Page("app_pages/autopilot.py", title="Autopilot", icon=":material/autoplay:"),
        st.Page("app_pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("app_pages/leaderboard.py", title="Leaderboard", icon=":material/leaderboard:"),
        st.Page("app_pages/lineage.py", title="Lineage", icon=":material/account_tree:"),
        st.Page("app_pages/experiment.py", title="Experiment", visibility="hidden"),
    ]
}
page = st.navigation(pages | signed_in(), position="top")
try:
    page.run()
except StoreError as error:
    st.error(
        f"{error} The experiments are not lost: set this right and load the page again.", icon=":material/database:"
    )
