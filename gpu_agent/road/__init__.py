"""The road of an experiment: check, smoke, then for each clip and rate encode, decode, measure, preview, store."""
