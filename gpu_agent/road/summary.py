"""The headline of a finished experiment, from its rows alone."""

from __future__ import annotations

from ..models import Experiment, Reproduction, ResultRow, Summary


def summarise(experiment: Experiment) -> Summary:
    """Best figures over all points; `best` means the highest luma PSNR, and its SSIM belongs to the same point."""
    rows = experiment.results
    best = max(rows, key=lambda r: r.psnr_y)
    return Summary(
        sentence=sentence(best, len(rows)),
        clips=len({r.clip for r in rows}),
        points=len(rows),
        best_psnr_y=best.psnr_y,
        best_ssim=best.ssim,
    )


def sentence(best: ResultRow, points: int) -> str:
    quality = "lossless" if best.lossless else f"{best.psnr_y:.1f} dB"
    more = f", best of {points} points" if points > 1 else ""
    ssim = "" if best.ssim is None else f" and SSIM {best.ssim:.3f}"
    return f"{quality}{ssim} at {best.kbps:,.0f} kbit/s on {best.clip}{more}."


def reproduction(original: Experiment, again: Experiment) -> Reproduction:
    """Compare every bitstream of a rerun with its original's, by hash."""
    first = {(r.clip, r.rate): r.bitstream_sha256 for r in original.results}
    pairs = [(r, first[r.clip, r.rate]) for r in again.results if (r.clip, r.rate) in first]
    different = [f"{r.clip} at rate {r.rate:g}" for r, sha in pairs if sha != r.bitstream_sha256]
    return Reproduction(of=original.id, same=not different if pairs else None, compared=len(pairs), different=different)
