"""The starter codecs: whole modules to begin from, read as text. The agent runs them as it runs any codec, in the jail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Starter(NamedTuple):
    name: str
    title: str
    description: str
    needs: str | None = None
    """A library that not every agent has, as the `device` of its /health names it."""

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.py")

    def code(self) -> str:
        """The module's text."""
        return self.path.read_text(encoding="utf-8")


STARTERS: tuple[Starter, ...] = (
    Starter(
        "motion_dct",
        "Motion-compensated DCT",
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
    Starter(
        "neural_overfit",
        "Overfitted network",
        "A small convolutional network is trained on the clip, sent with it as integers, and mends what motion and an "
        "8x8 DCT leave; decoding stays exact. Encoding needs torch.",
        needs="torch",
    ),
)
"""In the order to show them; the first is what the lab opens with."""


def offered(device: Mapping[str, Any] | None) -> tuple[Starter, ...]:
    """Those that run on an agent whose /health says `device` (None: it does not answer)."""
    return tuple(s for s in STARTERS if s.needs is None or (device or {}).get(s.needs))


def starter(name: str) -> Starter:
    """KeyError with the names there are, for one there is not."""
    for s in STARTERS:
        if s.name == name:
            return s
    raise KeyError(f"no starter {name!r}: there are {', '.join(s.name for s in STARTERS)}")
