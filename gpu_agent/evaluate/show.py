"""What ./lab eval shows: a progress bar while it runs, a table at the end. Everything goes to standard error but the table."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ..anchors import LadderProgress
from ..models import Experiment, Progress, ResultRow, Status
from ..road.report import EventKind
from .anchors import ladder, verdict

BADGES = {"good": "green", "bad": "red", "note": "yellow", "unknown": "dim"}


class Show:
    """A `Reporter` for the terminal."""

    def __init__(self, quiet: bool = False):
        self._err = Console(stderr=True)
        self._out = self._err if quiet else Console()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[frames]}"),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, frames="")

    def __enter__(self) -> Show:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        self._err.print(Text(text, style="dim"))

    def progress(self, progress: Progress) -> None:
        where = f"{progress.clip} " if progress.clip else ""
        rate = f"rate {progress.rate:g} " if progress.rate is not None else ""
        point = f"{progress.point}/{progress.points} " if progress.point else ""
        frames = f"{progress.frames_done}/{progress.frames_total}" if progress.frames_total else ""
        self._bar.update(
            self._task,
            description=f"{point}{where}{rate}{progress.stage}",
            completed=progress.frames_done,
            total=progress.frames_total or None,
            frames=frames,
        )

    def line(self, text: str, good: bool) -> None:
        """A result that stays, beside the bar that goes on."""
        self._out.print(Text(text, style="" if good else "red"), soft_wrap=True)

    def verifying(self, stage: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=stage, completed=done, total=total or None, frames=f"{done}/{total}")

    def perceptual(self, row: ResultRow) -> None:
        said = f"VMAF and XPSNR, {row.clip} rate {row.rate:g}"
        self._bar.update(self._task, description=said, completed=0, total=None, frames="")

    def anchor(self, at: LadderProgress) -> None:
        self._bar.update(
            self._task,
            description=f"anchor {at.label} {at.point}/{at.points} {at.stage}",
            completed=at.frames_done,
            total=at.frames_total,
            frames=f"{at.frames_done}/{at.frames_total}",
        )

    def event(self, kind: EventKind, message: str, progress: Progress | None = None) -> None:
        if kind == "warning":
            self._bar.console.print(Text(message, style="yellow"))

    def save(self, experiment: Experiment) -> None:
        """The terminal keeps nothing."""

    def result(self, e: Experiment) -> None:
        if e.status is not Status.SUCCEEDED:
            why = f" ({e.error.category}): {e.error.message}" if e.error else ""
            self._out.print(Text(f"{e.status.value}{why}", style="red"), soft_wrap=True)
            return
        table = Table(title=None, box=None, pad_edge=False, header_style="bold")
        table.add_column("clip")
        for name in ("rate", "bytes", "kbit/s", "Y dB", "YUV dB", "SSIM", "VMAF", "enc fps", "dec fps"):
            table.add_column(name, justify="right")
        for r in e.results:
            cells = (
                f"{r.rate:g}",
                f"{r.bytes:,}",
                f"{r.kbps:,.1f}",
                f"{r.psnr_y:.2f}",
                f"{r.psnr_yuv:.2f}",
                "–" if r.ssim is None else f"{r.ssim:.4f}",
                "–" if r.vmaf is None else f"{r.vmaf:.1f}",
                f"{r.encode_fps:.1f}",
                f"{r.decode_fps:.1f}",
            )
            table.add_row(Text(r.clip), *cells)
        self._out.print(table)
        size = f"{e.decoder_bytes:,} bytes"
        if e.decoder_kit_bytes not in (None, e.decoder_bytes):
            size += f" ({e.decoder_kit_bytes:,} with what it uses of codec_kit)"
        self._out.print(Text(f"\n{e.summary.sentence} Decoder: {size}. Jail: {e.sandbox}."), soft_wrap=True)
        if e.summary.bd_rate:
            self._ladder(e)
        for badge in e.audit.badges if e.audit else []:
            self._out.print(Text(f"{badge.verdict:8}{badge.text}", style=BADGES[badge.verdict]), soft_wrap=True)

    def _ladder(self, e: Experiment) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("anchor")
        table.add_column("bits at equal PSNR-YUV", justify="right")
        table.add_column("why not", overflow="fold")
        for label, figure, reason in ladder(e.summary.bd_rate):
            table.add_row(Text(label), figure, Text(reason))
        self._out.print(Text(f"{verdict(e.summary.bd_rate)}\n"), soft_wrap=True)
        self._out.print(table)
