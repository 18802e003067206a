"""The bitstream must carry the picture: where it is damaged, the frames must change or the decode must fail.

Frames that come out the same from a damaged bitstream were not in it. A single byte may be padding, so several
positions over the whole stream are tried, one in each of equal parts of it, and a packet is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..bitstream import read_bitstream
from ..models import Badge, ResultRow
from .bench import BUDGET_SECONDS, Bench, Enough, NotTried, digest

NAME = "bitstream_matters"
FLIPS = 8
MIN_FLIPS = 3
SHARE = 0.5
"""Of the damages that must show."""

SLACK = 4
"""A damaged stream may take so many times the whole stream's decode before it counts as failed."""


class Damage(NamedTuple):
    """Packet `packet`: dropped, or its byte `byte` inverted."""

    packet: int
    byte: int | None

    @property
    def words(self) -> str:
        return f"packet {self.packet} dropped" if self.byte is None else f"packet {self.packet}, byte {self.byte}"


def check(bench: Bench) -> Badge:
    rows = list(bench.one_row_per_clip())
    flips = affordable_flips(rows)
    clips = [try_clip(bench, row, flips) for row in rows]
    evidence = {"seed": bench.seed, "clips": clips}
    weak = [c for c in clips if c["mattered"] < SHARE * c["tried"]]
    if any(not c["repeats"] for c in clips):
        raise NotTried("The decode does not repeat itself, so the effect of a damage cannot be told from chance.")
    counts = "; ".join(f"{c['mattered']} of {c['tried']} on {c['clip']}" for c in (weak or clips))
    if weak:
        text = f"The bitstream does not matter for these frames: only {counts} damages to it changed anything."
        return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
    text = f"Bytes inverted and a packet dropped: the frames changed or the decode failed in {counts}."
    return Badge(name=NAME, verdict="good", text=text, evidence=evidence)


def affordable_flips(rows: list[ResultRow]) -> int:
    """How many bytes to try on each clip. The worst case, a decode that never changes, counts in full."""
    seconds = sum(r.decode_seconds for r in rows)
    flips = min(FLIPS, int(BUDGET_SECONDS / max(seconds, 1e-3)) - 2)
    if flips < MIN_FLIPS:
        raise NotTried("Decoding damaged bitstreams would take longer than the audit may.")
    return flips


def try_clip(bench: Bench, row: ResultRow, flips: int) -> dict:
    path = bench.bitstream(row)
    info, packets = read_bitstream(path)
    sizes = [len(p) for p in packets]
    known: list[bytes] = []
    sound = bench.decode(read_bitstream(path)[1], info, lambda frame: known.append(digest(frame)))
    outcomes = {d.words: effect(bench, row, d, known) for d in damages(bench, row, sizes, flips)}
    again = effect(bench, row, None, known)
    mattered = sum(e != "same" for e in outcomes.values())
    if not sum(sizes):
        outcomes["no packet holds a byte"], mattered = "same", 0
    return {
        "clip": row.clip,
        "rate": row.rate,
        "payload_bytes": sum(sizes),
        "tried": len(outcomes),
        "mattered": mattered,
        "outcomes": outcomes,
        "repeats": sound.ok and again == "same",
    }


def damages(bench: Bench, row: ResultRow, sizes: list[int], flips: int) -> list[Damage]:
    """One byte in each of `flips` equal parts of all payload bytes, and one packet that holds any."""
    total, dice = sum(sizes), bench.random(f"damage {row.clip}")
    if not total:
        return []
    parts = min(flips, total)
    at = [dice.randrange(total * k // parts, total * (k + 1) // parts) for k in range(parts)]
    full = [n for n, size in enumerate(sizes) if size]
    return [*(locate(sizes, position) for position in at), Damage(dice.choice(full), None)]


def locate(sizes: list[int], position: int) -> Damage:
    for packet, size in enumerate(sizes):
        if position < size:
            return Damage(packet, position)
        position -= size
    raise IndexError(position)


def damaged(path: Path, damage: Damage | None) -> Iterator[bytes]:
    for n, packet in enumerate(read_bitstream(path)[1]):
        if damage is None or n != damage.packet:
            yield packet
        elif damage.byte is not None:
            b = damage.byte
            yield packet[:b] + bytes([packet[b] ^ 0xFF]) + packet[b + 1 :]


def effect(bench: Bench, row: ResultRow, damage: Damage | None, known: list[bytes]) -> str:
    """`changed`, `failed` or `same`. The decode is ended at the first frame that differs."""
    path = bench.bitstream(row)
    seen = 0

    def compare(frame: memoryview) -> None:
        nonlocal seen
        if seen >= len(known) or digest(frame) != known[seen]:
            raise Enough
        seen += 1

    bound = 10 + SLACK * row.decode_seconds
    try:
        outcome = bench.decode(damaged(path, damage), read_bitstream(path)[0], compare, wall_seconds=bound)
    except Enough:
        return "changed"
    return "same" if outcome.ok else "failed"
