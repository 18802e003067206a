"""A comparison's figures as data: CSV with a line a point, JSON with points, pairs and settings."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from app.results.contender import Choice, Contender, Row
from app.results.metrics import value_of
from app.results.pairs import QUALITIES, Pair, matrix, sentences
from app.results.settings_table import settings_of
from app.results.table import csv_cell
from gpu_agent.models import ResultRow

NUMBERS = ("psnr_yuv", "psnr_y", "psnr_u", "psnr_v", "psnr_y_mse", "ssim", "ms_ssim", "vmaf", "vmaf_neg")
COLUMNS = (
    "compared", "kind", "key", "status", "clip", "clip_sha256", "frames", "rate", "kbps", "bpp", "bytes", *NUMBERS,
    "lossless", "encode_seconds", "decode_seconds", "decoder_bytes", "bitstream_sha256",
)  # fmt: skip


def lines(choice: Choice) -> list[dict[str, Any]]:
    """One a point, in the order of the choice, lowest rate first."""
    return [
        {"clip": footage.name, "clip_sha256": footage.sha256, "frames": footage.frames} | line(contender, row)
        for contender in choice.contenders
        for footage in choice.footage
        for row in contender.on(footage).rows
    ]


def line(contender: Contender, row: Row) -> dict[str, Any]:
    e = contender.experiment
    measured = {n: value_of(row, n) if isinstance(row, ResultRow) else getattr(row, n, None) for n in NUMBERS}
    return measured | {
        "compared": contender.label,
        "kind": contender.kind,
        "key": contender.key,
        "status": e.status.value if e else None,
        "rate": row.rate,
        "kbps": row.kbps,
        "bpp": row.bpp,
        "bytes": row.bytes,
        "lossless": row.lossless,
        "encode_seconds": row.encode_seconds,
        "decode_seconds": row.decode_seconds,
        "decoder_bytes": e.decoder_bytes if e else None,
        "bitstream_sha256": getattr(row, "bitstream_sha256", None),
    }


def csv_text(choice: Choice) -> str:
    """UTF-8, RFC 4180, full precision; no cell that a spreadsheet would run."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for found in lines(choice):
        writer.writerow([csv_cell(found[name]) for name in COLUMNS])
    return out.getvalue()


def json_text(choice: Choice) -> str:
    """`pairs` hold a figure for each quality: `test` needs `percent` more bits than `reference`, or why there is none."""
    value = {
        "format": "codec-lab-comparison/1",
        "compared": [
            {"label": c.label, "kind": c.kind, "key": c.key, "settings": settings_of(c)} for c in choice.contenders
        ],
        "points": lines(choice),
        "pairs": [described(p) for q in QUALITIES for p in matrix(choice, q).values()],
        "sentences": sentences(choice),
    }
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def described(p: Pair) -> dict[str, Any]:
    clips = [
        {
            "clip": c.footage.name, "clip_sha256": c.footage.sha256, "frames": c.footage.frames,
            "percent": c.result.percent, "overlap": c.result.overlap, "reason": c.result.reason,
        }
        for c in p.clips
    ]  # fmt: skip
    own = {"test": p.test, "reference": p.reference, "quality": p.quality, "percent": p.mean, "reason": p.reason}
    return own | {"clips": clips}
