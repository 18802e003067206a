"""The lab's entry: what every page has in common."""

import streamlit as st

st.set_page_config(page_title="Codec Lab", layout="wide")
st.title("Codec Lab")
