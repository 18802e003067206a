"""Blind tests: two points of one clip behind letters, what was answered, and what follows from it. No Streamlit here."""

from .confidence import Confidence, confidence
from .store import BlindStore
from .trial import Kind, Series, Stimulus, Trial

__all__ = ["BlindStore", "Confidence", "Kind", "Series", "Stimulus", "Trial", "confidence"]
