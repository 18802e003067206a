"""Plotly figures from measured points and per-frame series. No Streamlit here; without data there is no figure (None).

Show them with `st.plotly_chart(figure, theme=None)`: the template of `theme` already carries the lab's look.
"""
