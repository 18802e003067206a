"""Which figure stands for an experiment: its best point, its BD-rate by anchor, and whether it may lead a board."""

from __future__ import annotations

from collections.abc import Collection

from aws import Item

ANCHORS_FIRST = (
    *("x264-medium", "x265-medium", "mjpeg", "svtav1-8", "x264-medium-psnr", "x265-medium-psnr"),
    *(
        "x264-ultrafast-zerolatency",
        "mpeg4",
        "h264-nvenc",
        "hevc-nvenc",
        "x264-veryslow",
        "vp9",
        "svtav1-4",
        "vvenc-fast",
    ),
)
"""The lab's catalogue in its order, most useful first (`gpu_agent.anchors.CATALOGUE`; a test holds the two together)."""


def bd_rates(meta: Item) -> dict[str, Item]:
    """By anchor. They join the finished record later, as an attribute of their own."""
    found = meta.get("bd_rates") or (meta.get("summary") or {}).get("bd_rate") or {}
    return {str(name): rate for name, rate in found.items() if isinstance(rate, dict)}


def unranked(meta: Item) -> str | None:
    """Why a run that succeeded may lead no board, as the lab itself has it (`Experiment.unranked`); None where it may."""
    if meta.get("sandbox") == "unsafe":
        return "It ran without a jail, in unsafe mode."
    if (meta.get("audit") or {}).get("held") and not meta.get("released"):
        return "The audit holds it until somebody has looked."
    return None


def anchors_in_order(names: Collection[str]) -> list[str]:
    """As the lab's leaderboard has them: the catalogue's in its order, then others by name."""
    known = [name for name in ANCHORS_FIRST if name in names]
    return known + sorted(name for name in names if name not in known)


def headline(meta: Item) -> Item | None:
    """The BD-rate against the first anchor that has a figure; `anchor` names it."""
    rates = bd_rates(meta)
    order = [rates[name] | {"anchor": name} for name in anchors_in_order(rates)]
    return next((rate for rate in order if rate.get("percent") is not None), None)


def best_row(rows: list[Item]) -> Item | None:
    """Highest quality, as the lab has it: lossless first, then Y-PSNR, then PSNR-YUV; among equals the smallest."""
    return max(
        rows,
        key=lambda row: (bool(row.get("lossless")), row["psnr_y"], row["psnr_yuv"], -row["bytes"]),
        default=None,
    )
