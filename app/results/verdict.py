"""What there is to say about an experiment in one sentence, for each status, with the next step where something failed."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gpu_agent.anchors import CATALOGUE
from gpu_agent.models import ErrorCategory, Experiment, Reproduction, Status

from .format import (
    decibels,
    escape_markdown,
    kbits,
    listed,
    number,
    percent,
    plural,
    score,
    seconds,
    short,
    short_id,
    span,
)
from .headline import best_points, headline_bd_rate, plain
from .metrics import value_of

LABELS = {anchor.name: anchor.label for anchor in CATALOGUE}
"""How an anchor is called in a sentence."""

FAILURES: dict[ErrorCategory, tuple[str, str]] = {
    ErrorCategory.INVALID_CODE: (
        "The code does not keep the codec contract",
        "Mend the lines that the editor marks, then run it again.",
    ),
    ErrorCategory.ENCODE_ERROR: (
        "encode raised an error",
        "The traceback is in the log: mend encode, or hand the log to Claude.",
    ),
    ErrorCategory.DECODE_ERROR: (
        "decode raised an error",
        "The traceback is in the log: mend decode, or hand the log to Claude. It sees only the packets and info.",
    ),
    ErrorCategory.TIMEOUT: (
        "The codec took longer than its time limit",
        "Make it faster, run fewer frames or a smaller clip, or raise the limit in the run form.",
    ),
    ErrorCategory.MEMORY: (
        "The codec needed more memory than its limit",
        "Keep fewer frames at a time, or raise the memory limit in the run form.",
    ),
    ErrorCategory.OUTPUT_INVALID: (
        "The decoded video is not what the contract asks for",
        "decode must yield exactly info.frames frames, uint8, in the clip's plane sizes: compare with the message.",
    ),
    ErrorCategory.SANDBOX: (
        "The jail could not run the codec",
        "This is about the agent's machine or a call that the jail forbids: read the log, then run it again.",
    ),
    ErrorCategory.LOST: (
        "The agent that ran it went away",
        "Nothing is wrong with the code as far as is known: run it again.",
    ),
}

STATE_WORDS = {
    Status.QUEUED: "waiting",
    Status.RUNNING: "running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}

STAGES = {
    "queued": "starting",
    "check": "checking the code",
    "smoke": "trying a few frames",
    "prepare": "preparing the clip",
    "encode": "encoding",
    "decode": "decoding",
    "measure": "measuring",
    "preview": "making the preview",
    "store": "storing",
    "finished": "finishing",
}


class Verdict(NamedTuple):
    """`sentence` and `next_step` are plain text (`markdown` escapes them); the tone chooses the colour of the box."""

    sentence: str
    tone: Literal["good", "bad", "busy", "neutral"]
    next_step: str | None = None

    @property
    def text(self) -> str:
        return f"{self.sentence} {self.next_step}" if self.next_step else self.sentence

    @property
    def markdown(self) -> str:
        """The text, safe to show as markdown although parts of it come from the codec."""
        return escape_markdown(self.text)


def verdict(experiment: Experiment) -> Verdict:
    """The sentence of an experiment of any status. It never names a number that was not measured."""
    match experiment.status:
        case Status.SUCCEEDED:
            return succeeded(experiment)
        case Status.FAILED:
            return failed(experiment)
        case Status.RUNNING:
            return running(experiment)
        case Status.CANCELLED:
            return cancelled(experiment)
        case Status.QUEUED:
            if experiment.cancel_requested:
                return Verdict("Waiting in the queue; being cancelled.", "busy")
            again = " again, after an agent was lost" if experiment.attempts else ""
            return Verdict(f"Waiting in the queue{again}: it starts when the agent is free.", "busy")


def succeeded(experiment: Experiment) -> Verdict:
    if not experiment.results:
        return Verdict("Finished without a single measured point: there is nothing to judge.", "bad", "Run it again.")
    sentences = [quality(experiment) + bd_rate_clause(experiment) + "."]
    repeated = experiment.summary.reproduction
    if repeated is None:
        return Verdict(sentences[0], "good")
    step = "Look for randomness, thread order or time in encode." if repeated.same is False else None
    return Verdict(" ".join([reproduction(repeated), *sentences]), "bad" if step else "good", step)


def quality(experiment: Experiment) -> str:
    """Quality and rate of the best point; over several clips the range of their best points."""
    best = best_points(experiment)
    exact = [row for row in best if row.lossless]
    lossy = [row for row in best if not row.lossless]
    measured = [span([row.psnr_y for row in lossy], decibels) + " Y-PSNR"] if lossy else []
    similar = [ssim for row in lossy if (ssim := value_of(row, "ssim")) is not None]
    measured += ["SSIM " + span(similar, score)] if similar else []
    rate = "at " + span([row.kbps for row in best], kbits)
    where = f"on {best[0].clip}" if len(best) == 1 else f"over the best points of {plural(len(best), 'clip')}"
    if exact and lossy:
        where += f", lossless on {listed([row.clip for row in exact])}"
    return " ".join([" and ".join(measured) or "Lossless", rate, where])


def bd_rate_clause(experiment: Experiment) -> str:
    """ "; 31 % more bits than x264 medium at equal PSNR", or why there is no such figure, or nothing."""
    quoted = headline_bd_rate(experiment)
    if quoted is None:
        return ""
    name = LABELS.get(quoted.anchor, quoted.anchor.replace("_", " "))
    if quoted.percent is None:
        reason = short(quoted.reason or "", 120).rstrip(".")
        return f"; not comparable with {name}" + (f": {reason}" if reason else "")
    return f"; {more_or_fewer(quoted.percent)} {name} at equal PSNR{coverage(experiment, quoted.anchor)}"


def coverage(experiment: Experiment, anchor: str) -> str:
    """Over how many clips a mean BD-rate goes, where there is more than one clip."""
    per_clip = experiment.summary.bd_rate[anchor].per_clip
    counted = sum(value is not None for value in per_clip.values())
    if len(per_clip) < 2:
        return ""
    of = "" if counted == len(per_clip) else f" of {len(per_clip)}"
    return f" (mean over {number(counted)}{of} clips)"


def more_or_fewer(change: float) -> str:
    """A BD-rate as words: "31 % more bits than", "4.0 % fewer bits than", "as many bits as", "3.2 times the bits of"."""
    if abs(change) < 0.05:
        return "as many bits as"
    if change >= 200:
        return f"{number(1 + change / 100, 1)} times the bits of"
    return f"{percent(abs(change), sign=False)} {'more' if change > 0 else 'fewer'} bits than"


def reproduction(repeated: Reproduction) -> str:
    """Whether a rerun came out the same, as a sentence."""
    of = short_id(repeated.of)
    if repeated.same is None or not repeated.compared:
        return f"Not compared with {of}: the two have no bitstream of the same clip and rate."
    if repeated.same:
        return f"Same bitstreams as {of}: {number(repeated.compared)} of {number(repeated.compared)}."
    which = f" ({listed(repeated.different)})" if repeated.different else ""
    count = f"{number(len(repeated.different))} of {number(repeated.compared)} differ" if which else "they differ"
    return f"Not the same bitstreams as {of}: {count}{which}."


def failed(experiment: Experiment) -> Verdict:
    """What failed and where, in words, with the first line of the message and what to do next."""
    if experiment.error is None:
        return Verdict("Failed, and no reason was recorded.", "bad", "Read the log, then run it again.")
    what, step = FAILURES[experiment.error.category]
    message = short(experiment.error.message).rstrip(".")
    if plain(message) == plain(what):
        message = ""
    return Verdict(f"Failed: {lower_first(what)}{place(experiment)}{': ' if message else ''}{message}.", "bad", step)


def lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def place(experiment: Experiment) -> str:
    """ " on carphone at rate 27", as far as the progress says where the run was."""
    at = experiment.progress
    clip = f" on {at.clip}" if at.clip else ""
    return clip + (f" at rate {at.rate:g}" if at.rate is not None else "")


def running(experiment: Experiment) -> Verdict:
    """Stage, clip, rate, point and frames, as far as known."""
    at = experiment.progress
    doing = STAGES[at.stage]
    if at.stage in ("smoke", "prepare", "encode", "decode", "measure", "preview"):
        doing += place(experiment)
    facts = [f"point {number(at.point)} of {number(at.points)}"] if at.points and at.point else []
    facts += [f"frame {number(at.frames_done)} of {number(at.frames_total)}"] if at.frames_total else []
    facts += [seconds(at.seconds) + " so far"] if at.seconds >= 1 else []
    facts += ["being cancelled"] if experiment.cancel_requested else []
    return Verdict(f"Running: {', '.join([doing, *facts])}.", "busy")


def cancelled(experiment: Experiment) -> Verdict:
    done = len(experiment.results)
    what = f"; {plural(done, 'point')} measured before are kept" if done > 1 else ""
    what = "; the one point measured before is kept" if done == 1 else what
    where = place(experiment) if experiment.progress.stage != "finished" else ""
    return Verdict(f"Cancelled{where}{what}.", "neutral")
