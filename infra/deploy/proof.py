"""Whether a first experiment proves the system: its figures, its files read back from S3, and the public dashboard."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from botocore.exceptions import ClientError

from gpu_agent.models import Experiment, ResultRow, Status
from gpu_agent.store.aws.schema import MEDIA_PREFIX, code_key

from .aws import MISSING, Aws, code

PSNR_Y, SSIM = 25.0, 0.85
"""What the best point must be above: far below what a starter reaches, far above what noise or grey frames have."""
COLUMNS = ("Y-PSNR", "SSIM", "decoder", "preview", "dashboard")
MOST = 64 << 20


@dataclass
class Proof:
    """`cells` by column, a dash where nothing was found; `wrong`: each miss in a sentence."""

    name: str
    cells: dict[str, str] = field(default_factory=lambda: dict.fromkeys(COLUMNS, "–"))
    wrong: list[str] = field(default_factory=list)


def prove(aws: Aws, name: str, record: Experiment, videos: str, decoders: str, dashboard: str) -> Proof:
    """All that can be asked of a record that is over, whatever is wrong with it."""
    proof = Proof(name)
    row = max(record.results, key=lambda row: (row.lossless, row.psnr_y), default=None)
    if record.status is not Status.SUCCEEDED:
        why = f"{record.error.category}: {record.error.message}" if record.error else "no reason was recorded"
        proof.wrong.append(f"it {record.status}: {why}")
    elif row is None:
        proof.wrong.append("it succeeded without a single measured point: something is wrong with the worker")
    if row is not None:
        figures(proof, row)
    kept = stored(aws, decoders, code_key(record.code_sha256))
    right = kept is not None and hashlib.sha256(kept).hexdigest() == record.code_sha256
    told(proof, "decoder", kept, None if right else "the decoder's code in S3 is not the one that was recorded")
    media = MEDIA_PREFIX + f"{record.id}/{row.artifacts.get('preview', '')}" if row else ""
    film = stored(aws, videos, media) if media.endswith(".mp4") else None
    right = film is not None and film[4:8] == b"ftyp"
    told(proof, "preview", film, None if right else "the decoded preview in S3 is no MP4")
    public(proof, record.id, dashboard, {media: film, code_key(record.code_sha256): kept})
    return proof


def figures(proof: Proof, row: ResultRow) -> None:
    proof.cells["Y-PSNR"] = f"{row.psnr_y:.2f} dB"
    if not row.psnr_y > PSNR_Y:
        proof.wrong.append(f"its best point has {row.psnr_y:.2f} dB Y-PSNR, not more than {PSNR_Y:g}")
    proof.cells["SSIM"] = "–" if row.ssim is None else f"{row.ssim:.4f}"
    if row.ssim is None or not row.ssim > SSIM:
        proof.wrong.append(f"its best point has an SSIM of {proof.cells['SSIM']}, not more than {SSIM:g}")


def told(proof: Proof, column: str, data: bytes | None, problem: str | None) -> None:
    proof.cells[column] = "–" if data is None else f"{len(data) / 1000:.1f} kB"
    if problem:
        proof.wrong.append(f"{problem}" if data is not None else f"there is no {column} in S3")


def stored(aws: Aws, bucket: str, key: str) -> bytes | None:
    try:
        return aws.read("s3", "get_object", Bucket=bucket, Key=key)["Body"].read(MOST)
    except ClientError as error:
        if code(error) in MISSING:
            return None
        raise


def public(proof: Proof, experiment_id: str, dashboard: str, files: dict[str, bytes | None]) -> None:
    """As anybody asks: the list, the experiment's page, and the files that S3 has, through the same address."""
    wanted: list[tuple[str, bytes | None]] = [("", None), (f"experiment/{experiment_id}", None)]
    wanted += [(key, data) for key, data in files.items() if data is not None]
    wrong = []
    for path, data in wanted:
        status, body = asked(f"{dashboard}/{quote(path)}")
        if status != 200:
            wrong.append(f"the dashboard answers /{path} with {status}")
        elif data is not None and body != data:
            wrong.append(f"the dashboard's /{path} is not what S3 has")
        elif data is None and experiment_id.encode() not in body:
            wrong.append(f"the dashboard's /{path} does not show it")
    proof.cells["dashboard"] = "–" if wrong else "shows it"
    proof.wrong += wrong


def asked(url: str) -> tuple[int | str, bytes]:
    """Status, or what went wrong, and body."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read(MOST)
    except urllib.error.HTTPError as error:
        return error.code, b""
    except OSError as error:
        return str(getattr(error, "reason", error)), b""


def table(proofs: Iterable[Proof]) -> str:
    rows = [("experiment", *COLUMNS), *((p.name, *(p.cells[c] for c in COLUMNS)) for p in proofs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    )
