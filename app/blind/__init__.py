"""Blind tests: two points of one clip behind letters, what was answered, and what follows from it. No Streamlit here."""

from gpu_agent.blind import BlindTest, Kind, Stimulus, Trial

from .confidence import Confidence, confidence
from .tests import BlindTests

__all__ = ["BlindTest", "BlindTests", "Confidence", "Kind", "Stimulus", "Trial", "confidence"]
