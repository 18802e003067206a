"""Clips: what there is to encode, each known by the hash of its frames, served as raw planes. Files of people are opened in
the jail alone (`reading`)."""

from .catalogue import Catalogue
from .errors import ClipCancelled, ClipError, ReadingUnavailable
from .reading import JailedReading

__all__ = ["Catalogue", "ClipCancelled", "ClipError", "JailedReading", "ReadingUnavailable"]
