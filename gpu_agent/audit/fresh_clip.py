"""A codec must do on a clip it cannot have seen about as well, beside the anchors, as on the clips of its run.

Clips differ in what helps whom: where little moves, x264 gains much over a codec without motion. So the fall is taken
against two unlike anchors, x264 medium and Motion JPEG, and the smaller one counts: content moves the codec against one
of them, only knowledge of the run's own clips moves it against both.
"""

from __future__ import annotations

from typing import NamedTuple

from ..anchors import CATALOGUE, compute_curve
from ..bitstream import BitstreamWriter
from ..jail import Outcome
from ..measure import MeasureCancelled, measure
from ..measure.bdrate import Curve
from ..models import Badge, Experiment, Rate, ResultRow
from ..road.ladders import own_curve
from .bench import BUDGET_SECONDS, Bench, CurveOf, Interrupted, NotTried, first_line
from .equal import bits_factor, words
from .fresh import FreshClip

NAME = "fresh_clip"
ANCHORS = {"x264-medium": (17, 28, 41), "mjpeg": (2, 8, 31)}
LABELS = {a.name: a.label for a in CATALOGUE}
MAX_RATES = 4
FALL = 2.0
FALL_POINTS = 100.0
FALL_ALONE = 6.0
"""A fall is flagged from `FALL` times the bits on, if it is `FALL_POINTS` percentage points as well, or `FALL_ALONE`
times: from far fewer bits than the anchor to as many is few points and yet a great fall."""


class Standing(NamedTuple):
    """Bits as a multiple of one anchor's at equal PSNR: on the fresh clip, and on the run's own."""

    anchor: str
    fresh: float
    own: float

    @property
    def fallen(self) -> bool:
        fall = self.fresh / self.own
        return fall > FALL and (100 * (self.fresh - self.own) > FALL_POINTS or fall > FALL_ALONE)


def check(bench: Bench, clip: FreshClip) -> Badge:
    """Encode, decode and measure the fresh clip at some of the run's rates, and two anchors on it; then judge."""
    evidence: dict = {"seed": bench.seed, "clip_sha256": clip.clip.sha256, "frames": clip.info.frames}
    evidence |= {"width": clip.info.width, "height": clip.info.height, "points": []}
    for rate in chosen_rates(bench.experiment, clip):
        point, failed = measure_rate(bench, clip, rate)
        if failed:
            text = f"Specialised: it fails on a clip rendered for this audit, at rate {rate:g}: {failed}"
            return Badge(name=NAME, verdict="bad", text=text, evidence=evidence | {"failed": failed})
        evidence["points"].append(point)
    own = Curve([p["kbps"] for p in evidence["points"]], [p["psnr_yuv"] for p in evidence["points"]])
    evidence["factors"] = {name: factor for name in ANCHORS if (factor := beside(bench, clip, name, own)) is not None}
    return judge(bench.experiment, evidence, bench.curve_of)


def judge(experiment: Experiment, evidence: dict, curve_of: CurveOf) -> Badge:
    """The verdict from what was measured on the fresh clip, and the anchors on the run's clips as far as they are known."""
    factors = evidence.get("factors", {})
    if len(factors) < len(ANCHORS):
        missing = ", ".join(LABELS[name] for name in ANCHORS if name not in factors)
        return Badge(name=NAME, verdict="unknown", text=f"{missing} cannot be measured here.", evidence=evidence)
    rates = {p["rate"] for p in evidence["points"]}
    standings = [
        Standing(name, factors[name], own)
        for name in ANCHORS
        if (own := own_factor(experiment, name, rates, curve_of)) is not None
    ]
    x264 = words(factors["x264-medium"], LABELS["x264-medium"])
    there = f"On a clip rendered for this audit it needs {x264} at equal PSNR"
    if len(standings) < len(ANCHORS):
        text = f"{there}. Judged when the anchors are measured on the run's own clips."
        return Badge(name=NAME, verdict="unknown", text=text, evidence=evidence)
    evidence = evidence | {"own_factors": {s.anchor: s.own for s in standings}}
    here = f"{there}; on the clips of its run, {words(standings[0].own, LABELS['x264-medium'])}."
    if all(s.fallen for s in standings):
        text = f"Specialised: {here[0].lower()}{here[1:]} It falls as far against Motion JPEG."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    return Badge(name=NAME, verdict="good", text=here, evidence=evidence)


def chosen_rates(experiment: Experiment, clip: FreshClip) -> list[Rate]:
    """Up to four of the run's rates, spread over all; two where the codec is slow."""
    rates = experiment.rates
    work = clip.info.frames * clip.info.frame_bytes
    seconds = max(
        ((r.encode_seconds + r.decode_seconds) * work / samples(experiment, r) for r in experiment.results), default=0
    )
    count = min(len(rates), MAX_RATES if MAX_RATES * seconds <= BUDGET_SECONDS else 2)
    if count * seconds > 3 * BUDGET_SECONDS:
        raise NotTried("The codec is too slow for a fresh clip to be tried.")
    return [rates[round(k * (len(rates) - 1) / max(count - 1, 1))] for k in range(count)]


def samples(experiment: Experiment, row: ResultRow) -> float:
    ref = next((c for c in experiment.clips if c.name == row.clip), None)
    size = (ref.width or 0) * (ref.height or 0) * 1.5 if ref else 0
    return max(size * row.frames, 1.0)


def measure_rate(bench: Bench, clip: FreshClip, rate: Rate) -> tuple[dict, str | None]:
    """A point, or why the codec gave none. The size counts as the run's does: header and framing included."""
    bitstream, decoded, packets = bench.folder / "fresh.clb", bench.folder / "fresh-decoded.yuv", []
    encoded = bench.encode(clip.planes, clip.info, rate, packets.append)
    if not encoded.ok:
        return {}, failure(encoded)
    with bitstream.open("wb") as file:
        writer = BitstreamWriter(file, clip.info)
        for packet in packets:
            writer.write(packet)
    with decoded.open("wb") as file:
        outcome = bench.decode(packets, clip.info, file.write)
    if not outcome.ok:
        return {}, failure(outcome)
    try:
        measured = measure(clip.planes, decoded, clip.info, cancel=bench.cancel)
    except MeasureCancelled:
        raise Interrupted from None
    size = bitstream.stat().st_size
    kbps = size * 8 / 1000 / clip.clip.seconds
    return {"rate": rate, "bytes": size, "kbps": round(kbps, 3), "psnr_yuv": round(measured.psnr_yuv, 4)}, None


def failure(outcome: Outcome) -> str:
    """The codec's own last line where it raised, else the jail's sentence."""
    lines = outcome.message.strip().splitlines()
    return first_line(lines[-1] if lines else f"{outcome.mode}: {outcome.verdict}")


def beside(bench: Bench, clip: FreshClip, name: str, own: Curve) -> float | None:
    anchor = next(a for a in CATALOGUE if a.name == name)._replace(rates=ANCHORS[name])
    try:
        curve = compute_curve(anchor, clip.planes, clip.clip, bench.folder / "anchors", cancel=bench.cancel)
    except MeasureCancelled:
        raise Interrupted from None
    factor = bits_factor(curve.curve(), own) if curve.complete else None
    return None if factor is None else round(factor, 6)


def own_factor(experiment: Experiment, anchor: str, rates: set[Rate], curve_of: CurveOf) -> float | None:
    """The geometric mean over the run's clips at the same rates; None until the anchor is measured on all of them."""
    product, clips = 1.0, 0
    for clip in experiment.clips:
        rows = [r for r in experiment.results if r.clip == clip.name and r.rate in rates]
        curve = curve_of(clip.sha256 or "", clip.frames or 0, anchor)
        factor = bits_factor(curve.curve(), own_curve(rows)) if rows and curve and curve.complete else None
        if factor is None:
            return None
        product, clips = product * factor, clips + 1
    return product ** (1 / clips) if clips else None
