"""The steps of one attempt, each as far as it goes without waiting: `choosing` what comes next, `requesting` it of
Claude, `running` it on the agent, `judging` what came out. All work on a `Course`; where one attempt stands between two
looks is the phase in the ledger.
"""
