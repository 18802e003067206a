"""A comparison to take away: one HTML page that needs nothing else, CSV, JSON. No Streamlit here."""
