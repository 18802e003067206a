"""The lab's own Streamlit components: the code editor and the comparison player."""

from __future__ import annotations

from pathlib import Path

from .editor import BUNDLE, Edited, code_editor
from .player import Played, Seek, Series, player

ASSETS: dict[str, Path] = {BUNDLE.name: BUNDLE}
"""Name to file of what the app must serve at `/assets/{name}`. The URLs carry a hash (`?v=`), so answers may be cached."""

__all__ = ["ASSETS", "Edited", "Played", "Seek", "Series", "code_editor", "player"]
