"""The autopilot: the loop that a person goes through in the lab, on its own and within a budget.

    choose parents → prompt → Claude → check → probe → full run → score → decide, and again

`strategies/` chooses, `prompting` words, `asking` talks to Claude, `duplicates` and `cascade` decide what is run,
`scoring` and `champion` judge, `budget` ends it; `steps/` joins them into one attempt, `loop` into one attempt after the
other, `course` is what they share, `ledger` remembers everything, and `service` is the process. Pages write wishes into the ledger and read it. Nothing here knows Streamlit.
"""
