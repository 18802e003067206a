"""The lab's entry: the pages, and what all of them have in common."""

import streamlit as st

st.set_page_config(page_title="Codec Lab", page_icon="🎞️", layout="wide")
st.navigation(
    [
        st.Page("app_pages/lab.py", title="Lab", icon=":material/science:", default=True),
        st.Page("app_pages/experiments.py", title="Experiments", icon=":material/table_rows:"),
        st.Page("app_pages/experiment.py", title="Experiment", visibility="hidden"),
    ],
    position="top",
).run()
