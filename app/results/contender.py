"""What can be compared: experiments, anchors and sources, each with what it has on each clip.

Only the same frames are ever compared: a clip is its hash and how many of its frames were used (`Footage.key`), never
its name alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gpu_agent.anchors import CATALOGUE, Anchor, AnchorCurve, AnchorPoint
from gpu_agent.models import Clip, ClipRef, Experiment, ResultRow, Status

from .format import short

Kind = Literal["experiment", "anchor", "source"]
Row = ResultRow | AnchorPoint
"""A measured point; both kinds have rate, bytes, kbps, bpp, the metrics, encode_seconds and decode_seconds."""
Key = tuple[str, int]
"""Which frames: the clip's hash and the count."""

MOST = 8
LABELS = {anchor.name: anchor.label for anchor in CATALOGUE}
TITLE_LENGTH = 48


class Pick(NamedTuple):
    """One of the chosen, as the URL names it."""

    kind: Kind
    key: str

    @property
    def text(self) -> str:
        return self.key if self.kind == "experiment" else f"{self.kind}:{self.key}"


def read_picks(text: str) -> list[Pick]:
    """Each once, in the order of the URL's comma-separated text: `ID,anchor:x264-medium,source:carphone`."""
    picks = []
    for word in dict.fromkeys(part.strip() for part in text.split(",")):
        kind, colon, key = word.partition(":")
        if not colon and word:
            picks.append(Pick("experiment", word))
        elif kind in ("anchor", "source") and key:
            picks.append(Pick(kind, key))  # type: ignore[arg-type]
    return picks


def write_picks(picks: Iterable[Pick]) -> str:
    return ",".join(p.text for p in picks)


class Footage(NamedTuple):
    """The very frames that were measured: the first `frames` of the clip whose decoded frames have this hash."""

    name: str
    sha256: str
    frames: int
    width: int | None = None
    height: int | None = None
    fps: str | None = None

    @property
    def key(self) -> Key:
        return self.sha256, self.frames


class OnClip(NamedTuple):
    """What a contender has on one footage: its points, lowest bit rate first. `missing` says why there are none."""

    footage: Footage
    rows: tuple[Row, ...] = ()
    missing: str | None = None


@dataclass(frozen=True)
class Contender:
    """Something with a curve on each footage, and maybe a picture to look at.

    `label` is short and no other contender of the same choice has it. `experiment` is the record of an experiment,
    `anchor` the settings of an anchor, `curves` an anchor's curves by footage; a source has its pictures alone.
    """

    kind: Kind
    key: str
    label: str
    clips: dict[Key, OnClip] = field(default_factory=dict)
    experiment: Experiment | None = None
    anchor: Anchor | None = None
    curves: dict[Key, AnchorCurve] = field(default_factory=dict)

    @property
    def pick(self) -> Pick:
        return Pick(self.kind, self.key)

    def on(self, footage: Footage) -> OnClip:
        """What it has there; where it has nothing at all the reason says so."""
        return self.clips.get(footage.key) or OnClip(footage, (), self.why_nothing(footage))

    def why_nothing(self, footage: Footage) -> str:
        if self.experiment is not None:
            ran = [o.footage for o in self.clips.values() if o.footage.name == footage.name]
            if any(f.sha256 == footage.sha256 for f in ran):
                return f"it ran {ran[0].frames} frames of {footage.name}, not {footage.frames}"
            if ran:
                return f"the clip called {footage.name} that it ran has other frames"
            return f"it did not run on {footage.name}"
        return f"{footage.name} is another clip" if self.kind == "source" else "not measured on these frames"


@dataclass(frozen=True)
class Choice:
    """The chosen in their order, and every footage that any of them is about. `unknown`: picks that are not there."""

    contenders: list[Contender]
    footage: list[Footage]
    unknown: list[Pick] = field(default_factory=list)

    def named(self, footage: Footage) -> str:
        """The clip's name, with the number of frames where the same name stands for several footages here."""
        twins = [f for f in self.footage if f.name == footage.name]
        if len(twins) < 2:
            return footage.name
        others = any(f.frames == footage.frames and f.key != footage.key for f in twins)
        return f"{footage.name}, {footage.frames} frames" + (f" ({footage.sha256[:6]})" if others else "")

    def rated(self) -> list[Contender]:
        """Those that have points somewhere."""
        return [c for c in self.contenders if any(o.rows for o in c.clips.values())]


def choose(
    picks: Sequence[Pick],
    experiment_of: Callable[[str], Experiment | None],
    curve_of: Callable[[Key, str], AnchorCurve | None],
    clips: Sequence[Clip],
) -> Choice:
    """The contenders of the picks. `clips` is the catalogue as far as it is known; `curve_of` a published anchor curve."""
    records = {p.key: experiment_of(p.key) for p in picks if p.kind == "experiment"}
    by_name = {clip.name: clip for clip in clips}
    known = [p for p in picks if exists(p, records, by_name)][:MOST]
    footage = footage_of(known, records, by_name, clips)
    labels = labels_of(known, records)
    made = [contender(p, labels[p], records, by_name, footage, curve_of) for p in known]
    return Choice(made, footage, [p for p in picks if not exists(p, records, by_name)])


def exists(pick: Pick, records: dict[str, Experiment | None], clips: dict[str, Clip]) -> bool:
    if pick.kind == "experiment":
        return records.get(pick.key) is not None
    return pick.key in (LABELS if pick.kind == "anchor" else clips)


def footage_of(
    picks: Sequence[Pick], records: dict[str, Experiment | None], by_name: dict[str, Clip], clips: Sequence[Clip]
) -> list[Footage]:
    """The experiments' clips; where there are none, the sources' whole clips; where there are none either, all clips."""
    found: dict[Key, Footage] = {}
    for pick in picks:
        for ref in records[pick.key].clips if pick.kind == "experiment" else []:
            if ref.sha256 and ref.frames:
                found.setdefault((ref.sha256, ref.frames), from_ref(ref))
    if not found:
        sources = [by_name[p.key] for p in picks if p.kind == "source"]
        for clip in sources or clips:
            found.setdefault((clip.sha256, clip.frames), from_ref(clip.ref()))
    return list(found.values())


def from_ref(ref: ClipRef) -> Footage:
    return Footage(ref.name, ref.sha256 or "", ref.frames or 0, ref.width, ref.height, ref.fps)


def labels_of(picks: Sequence[Pick], records: dict[str, Experiment | None]) -> dict[Pick, str]:
    """A short name for each that no other has: equal titles get the end of their id."""
    titles = {p: title_of(p, records) for p in picks}
    taken = list(titles.values())
    return {p: t if taken.count(t) == 1 else f"{t} · {p.key[-8:]}" for p, t in titles.items()}


def title_of(pick: Pick, records: dict[str, Experiment | None]) -> str:
    if pick.kind == "experiment":
        return short(records[pick.key].title, TITLE_LENGTH) or pick.key
    return LABELS[pick.key] if pick.kind == "anchor" else f"Source of {pick.key}"


def contender(
    pick: Pick,
    label: str,
    records: dict[str, Experiment | None],
    clips: dict[str, Clip],
    footage: Sequence[Footage],
    curve_of: Callable[[Key, str], AnchorCurve | None],
) -> Contender:
    if pick.kind == "experiment":
        record = records[pick.key]
        return Contender("experiment", pick.key, label, rows_of(record), experiment=record)
    if pick.kind == "source":
        own = [f for f in footage if f.sha256 == clips[pick.key].sha256]
        return Contender("source", pick.key, label, {f.key: OnClip(f, (), "a source has no bits") for f in own})
    curves = {f.key: curve for f in footage if (curve := curve_of(f.key, pick.key)) is not None}
    on = {f.key: anchor_on(f, curves.get(f.key)) for f in footage}
    anchor = next(a for a in CATALOGUE if a.name == pick.key)
    return Contender("anchor", pick.key, label, on, anchor=anchor, curves=curves)


def rows_of(record: Experiment) -> dict[Key, OnClip]:
    found = {}
    for ref in record.clips:
        if ref.sha256 and ref.frames:
            rows = tuple(sorted((r for r in record.results if r.clip == ref.name), key=lambda r: r.kbps))
            found[ref.sha256, ref.frames] = OnClip(from_ref(ref), rows, None if rows else why_no_points(record))
    return found


def why_no_points(record: Experiment) -> str:
    return {
        Status.QUEUED: "it has not started",
        Status.RUNNING: "it is still running",
        Status.FAILED: "it failed: a failed run has no figures",
        Status.CANCELLED: "it was cancelled before a point was measured",
        Status.SUCCEEDED: "no point was measured",
    }[record.status]


def anchor_on(footage: Footage, curve: AnchorCurve | None) -> OnClip:
    if curve is None or not curve.points:
        why = curve.reason if curve is not None and curve.reason else "not measured on these frames yet"
        return OnClip(footage, (), why)
    return OnClip(footage, tuple(sorted(curve.points, key=lambda p: p.kbps)))
