"""Where the evidence comes from beside the record: anchors' curves, per-frame series, pictures of the worst blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gpu_agent.anchors import CATALOGUE, AnchorCurve
from gpu_agent.models import ClipRef, Experiment, ResultRow
from gpu_agent.road.ladders import curve_key
from gpu_agent.road.tools import rate_key
from gpu_agent.road.worst import WorstFrame, read_list
from gpu_agent.store import ArtifactStore, StoreError


class Series(NamedTuple):
    """One point frame by frame and packet by packet. A PSNR of None is infinite (identical planes).

    `bits` has a value a frame and is None unless the codec wrote one packet a frame; `packets` are sizes in bytes.
    """

    psnr_y: list[float | None]
    bits: list[int] | None
    packets: list[int]


@dataclass(frozen=True)
class Sources:
    """Reads from the store of artifacts. `fetch` asks the agent for a file that was dropped and can be made again.

    Both may be away: every method answers with None or nothing, and raises nothing.
    """

    artifacts: ArtifactStore | None = None
    fetch: Callable[[str], bytes | None] | None = None

    def curves(self, clip: ClipRef) -> dict[str, AnchorCurve]:
        """The whole curves on this clip by the anchor's name, in the catalogue's order."""
        if not clip.sha256 or not clip.frames:
            return {}
        found = {}
        for anchor in CATALOGUE:
            raw = self._stored(curve_key(clip.sha256, clip.frames, anchor.name))
            curve = quietly(AnchorCurve.model_validate_json, raw) if raw else None
            if curve is not None and curve.complete:
                found[anchor.name] = curve
        return found

    def series(self, experiment: Experiment, row: ResultRow) -> Series | None:
        raw = self._stored(f"{experiment.id}/{row.artifacts['frames']}") if "frames" in row.artifacts else None
        return quietly(read_series, raw) if raw else None

    def worst(self, experiment: Experiment, row: ResultRow) -> list[WorstFrame] | None:
        """Worst first; none where every frame is identical, None where it was never looked for or is not at hand."""
        path = row.artifacts.get("worst")
        if self.artifacts is None or path is None:
            return None
        found = quietly(self.artifacts.local, f"{experiment.id}/{path}")
        return quietly(read_list, found) if found else None

    def picture(self, experiment: Experiment, row: ResultRow, worst: WorstFrame) -> bytes | None:
        """PNG: source, decoded and amplified error side by side."""
        key = f"{experiment.id}/{row.clip}/{rate_key(row.rate)}/{worst.file}"
        stored = self._stored(key)
        if stored is not None or self.fetch is None:
            return stored
        try:
            return self.fetch(key)
        except RuntimeError:  # the agent is away, or cannot make it again
            return None

    def _stored(self, key: str) -> bytes | None:
        path = quietly(self.artifacts.local, key) if self.artifacts is not None else None
        return quietly(path.read_bytes) if path is not None else None


def quietly(read: Callable[..., Any], *arguments: Any) -> Any:
    """None where something cannot be read: evidence goes without it."""
    try:
        return read(*arguments)
    except (OSError, ValueError, KeyError, TypeError, StoreError):
        return None


def read_series(raw: bytes) -> Series:
    """Raises ValueError, KeyError or TypeError where the artifact is not what it should be."""
    artifact = json.loads(raw)
    number = lambda v: isinstance(v, int | float) and not isinstance(v, bool)
    psnr, bits, packets = artifact["psnr_y"], artifact.get("bits"), artifact.get("packets") or []
    if not all(v is None or number(v) for v in psnr) or not all(map(number, [*packets, *(bits or [])])):
        raise ValueError("the per-frame series has something that is no number")
    return Series(list(psnr), list(bits) if bits is not None and len(bits) == len(psnr) else None, list(packets))
