"""From a request to a record: everything that a rerun needs is fixed and stored before the run starts."""

from __future__ import annotations

import ast
import hashlib
import zlib
from collections.abc import Iterable

from ..bare import NotBare, bare
from ..check import check_code
from ..models import ClipRef, Experiment, ExperimentRequest, Origin, Progress, Rate, new_id, now
from ..syntax import parse
from .kit import kit_parts, source
from .tools import rate_key

UNTITLED = "Untitled codec"


def freeze(request: ExperimentRequest, clips: list[ClipRef]) -> Experiment:
    """A new queued record. `clips` are the clips to run on, as far as their facts are known already.

    Each clip and rate once: rates that would share a folder of artifacts (22 and 22.0) are one rate.
    """
    rates = once(request.rates or check_code(request.code).rates)
    clips = list({clip.name: clip for clip in clips}.values())
    return Experiment(
        id=request.id or new_id(),
        title=(request.title or "").strip() or title_of(request.code),
        created_at=now(),
        code=request.code,
        code_sha256=hashlib.sha256(request.code.encode()).hexdigest(),
        decoder_bytes=decoder_bytes(request.code),
        decoder_kit_bytes=decoder_kit_bytes(request.code),
        clips=clips,
        rates=rates,
        frames=request.frames,
        timing_runs=request.timing_runs,
        limits=request.limits,
        parent_id=request.parent_id,
        origin=request.origin,
        hypothesis=request.hypothesis,
        progress=Progress(points=len(clips) * len(rates)),
    )


def freeze_rerun(original: Experiment, experiment_id: str | None = None) -> Experiment:
    """The same experiment again: exactly its code, clips by hash, rates, timing runs, limits; only the moment is new."""
    return Experiment(
        id=experiment_id or new_id(),
        title=original.title,
        created_at=now(),
        code=original.code,
        code_sha256=original.code_sha256,
        decoder_bytes=decoder_bytes(original.code),
        decoder_kit_bytes=decoder_kit_bytes(original.code),
        clips=original.clips,
        rates=original.rates,
        frames=original.frames,
        timing_runs=original.timing_runs,
        limits=original.limits,
        parent_id=original.parent_id,
        rerun_of=original.id,
        origin=Origin(**original.origin.model_dump(exclude={"kind"}), kind="rerun"),
        hypothesis=original.hypothesis,
        progress=Progress(points=len(original.clips) * len(original.rates)),
    )


def once(rates: Iterable[Rate]) -> list[Rate]:
    unique: dict[str, Rate] = {}
    for rate in rates:
        unique.setdefault(rate_key(rate), rate)
    return list(unique.values())


def decoder_bytes(code: str) -> int:
    """Size of the decoder: what runs of the module (its text without comments and docstrings), deflated at level 9."""
    return deflated(runs(code))


def runs(code: str) -> str:
    """As `bare`; of what is refused before it runs, the whole text."""
    try:
        return bare(code)
    except NotBare:
        return code


def deflated(text: str) -> int:
    return len(zlib.compress(text.encode(), 9))


def decoder_kit_bytes(code: str) -> int | None:
    """The same with the sources of `codec_kit` that it runs, as they are now; None where the text cannot be parsed."""
    try:
        parts = sorted(kit_parts(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return deflated("".join([runs(code), *(runs(source(part)) for part in parts)]))


def title_of(code: str) -> str:
    """The first sentence of the module's docstring, at most 80 characters."""
    try:
        doc = ast.get_docstring(parse(code)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        doc = ""
    line = doc.strip().split("\n")[0].split(":")[0].strip().rstrip(".")
    return (line if len(line) <= 80 else line[:79] + "…") or UNTITLED
