"""Plotly figures from measured points and per-frame series. No Streamlit here; without data there is no figure (None).

Show them with `app.panels.plots.chart`: the template of `theme` already carries the lab's look.
"""
