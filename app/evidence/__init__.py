"""What an experiment measured, as Claude reads it: exact text in sections, and pictures of the worst blocks.

Read in the order of the sections: `run` (what was run, warnings, badges), `curve` (points and BD-rates), `frames` (the
worst ones), `bits` (where they go), `failure`, `pictures`; `sources` fetches what they need, `describe` puts them
together. Nothing here knows Streamlit, and what is missing is left out or said, never made up.
"""

from .describe import Evidence, describe
from .sources import Sources

__all__ = ["Evidence", "Sources", "describe"]
