<<<<<<< HEAD
"""The starter codecs, as text: the agent and the lab read them, only a jail imports them."""
=======
"""The starter codecs: whole modules to begin from, read as text. The agent runs them as it runs any codec, in the jail."""
>>>>>>> codecs

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Starter(NamedTuple):
<<<<<<< HEAD
    """A codec to begin with. `name` is the module's name and what a record's origin says."""

=======
>>>>>>> codecs
    name: str
    title: str
    description: str

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.py")

    def code(self) -> str:
<<<<<<< HEAD
        return self.path.read_text("utf-8")
=======
        """The module's text."""
        return self.path.read_text(encoding="utf-8")
>>>>>>> codecs


STARTERS: tuple[Starter, ...] = (
    Starter(
        "motion_dct",
        "Motion-compensated DCT",
<<<<<<< HEAD
        "Motion search, skip blocks and a DCT of what is left; the place to start",
    ),
    Starter("dct_intra", "Intra DCT", "Every picture on its own: transform, quantise, code"),
)
=======
        "Quarter-sample motion from the frame before, an 8x8 DCT of the rest, a deblocking filter, and arithmetic coding "
        "in mixed contexts: the shape of every video standard, and the strongest starter.",
    ),
    Starter(
        "dct_intra",
        "Intra DCT",
        "Each frame on its own: interpolated block means, then the 8x8 DCT, in mixed contexts. The simplest to read.",
    ),
    Starter(
        "wavelet",
        "Wavelet",
        "The 9/7 wavelet of JPEG 2000 on motion-compensated frames, band by band: no blocks, much left to invent.",
    ),
)
"""In the order to show them; the first is what the lab opens with."""


def starter(name: str) -> Starter:
    """KeyError with the names there are, for one there is not."""
    for s in STARTERS:
        if s.name == name:
            return s
    raise KeyError(f"no starter {name!r}: there are {', '.join(s.name for s in STARTERS)}")
>>>>>>> codecs
