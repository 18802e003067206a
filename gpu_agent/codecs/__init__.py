"""The starter codecs, as text: the agent and the lab read them, only a jail imports them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Starter(NamedTuple):
    """A codec to begin with. `name` is the module's name and what a record's origin says."""

    name: str
    title: str
    description: str

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.py")

    def code(self) -> str:
        return self.path.read_text("utf-8")


STARTERS: tuple[Starter, ...] = (
    Starter(
        "motion_dct",
        "Motion-compensated DCT",
        "Motion search, skip blocks and a DCT of what is left; the place to start",
    ),
    Starter("dct_intra", "Intra DCT", "Every picture on its own: transform, quantise, code"),
)
