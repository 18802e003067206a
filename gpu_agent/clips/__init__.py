"""Clips: what there is to encode, each known by the hash of its frames, served as raw planes."""

from .catalogue import Catalogue
from .errors import ClipCancelled, ClipError

__all__ = ["Catalogue", "ClipCancelled", "ClipError"]
