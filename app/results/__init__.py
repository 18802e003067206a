"""From the record of an experiment to what a page shows: sentences, tables, rows, comparisons. No Streamlit here."""
