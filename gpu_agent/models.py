"""The record of an experiment and everything in it: what goes over the wire and into the stores, in one schema.

Times are UTC in ISO 8601; durations are seconds; sizes are bytes unless the name says otherwise.
A number that was not measured is null, never a placeholder. Infinite PSNR (identical planes) is the flag
`lossless` with the capped figure, never a float infinity.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1
UNSAFE = "unsafe"
"""The level in `sandbox` of a run that had no jail at all."""
Rate = int | float


def now() -> str:
    """The present moment as the stores keep it: sortable, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def new_id() -> str:
    """A new experiment's id: sortable by time of creation, unguessable, safe in paths and URLs."""
    return f"{datetime.now(UTC):%y%m%d-%H%M%S}-{secrets.token_hex(4)}"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null", allow_inf_nan=False)


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


class ErrorCategory(StrEnum):
    INVALID_CODE = "invalid_code"
    ENCODE_ERROR = "encode_error"
    DECODE_ERROR = "decode_error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_INVALID = "output_invalid"
    SANDBOX = "sandbox"
    LOST = "lost"


class Failure(Model):
    category: ErrorCategory
    message: str


class Limits(Model):
    """Bounds of each single jail run (one encode or one decode); enforced by the agent on its own clock."""

    start_seconds: float = Field(30, gt=0, le=600, description="until the codec module is imported")
    wall_seconds: float = Field(600, gt=0, le=86_400)
    cpu_seconds: float | None = Field(None, gt=0, description="all threads together; none unless given")
    memory_mb: int = Field(4096, ge=64, le=1 << 20)
    processes: int = Field(256, ge=8, le=4096, description="processes and threads together")
    bitstream_mb: int = Field(1024, ge=1, le=1 << 20, description="cap on what encode may write")
    tmp_mb: int = Field(64, ge=1, le=1 << 16)
    log_kb: int = Field(8192, ge=16, le=1 << 20, description="printing more than this fails the run")


class ClipRef(Model):
    """A clip as an experiment knows it. `sha256` is the hash of the decoded frames (null until the agent prepared it)."""

    name: str
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    fps: str | None = Field(None, description="a fraction, such as 30000/1001")


class Clip(Model):
    """A clip of the catalogue. `width` and `height` are the coded size (even); the visible size may be one less."""

    name: str
    title: str
    origin: Literal["natural", "rendered", "upload"]
    description: str = ""
    sha256: str
    width: int
    height: int
    visible_width: int
    visible_height: int
    frames: int
    fps: str
    seconds: float
    full_range: bool = False
    matrix: str = Field("bt709", description="YUV matrix assumed where the file does not say: bt601 or bt709")
    source_pix_fmt: str = "yuv420p"
    conversion: str | None = Field(None, description="what was converted to reach 8-bit 4:2:0, in words; null: nothing")
    size_bytes: int | None = None

    @property
    def fps_fraction(self) -> Fraction:
        return Fraction(self.fps)

    def ref(self, frames: int | None = None) -> ClipRef:
        count = self.frames if frames is None else min(frames, self.frames)
        return ClipRef(
            name=self.name, sha256=self.sha256, width=self.width, height=self.height, frames=count, fps=self.fps
        )


class Origin(Model):
    """Where the code came from. For Claude: the prompt and the model that produced it."""

    kind: Literal["person", "starter", "claude", "rerun", "fork", "autopilot", "eval"] = "person"
    starter: str | None = None
    prompt: str | None = None
    model: str | None = None
    conversation_id: str | None = None
    note: str | None = None


class Hypothesis(Model):
    """What was expected of an experiment, in words, before it ran.

    `bd_rate`: bits against its parent at equal PSNR-YUV, in percent (negative: fewer), where a figure was named.
    """

    text: str = Field(min_length=1, max_length=2000)
    bd_rate: float | None = Field(None, gt=-100, le=10_000)
    by: Literal["person", "claude"] = "person"


class Judgement(Model):
    """Whether the measurement bore the hypothesis out. `measured` is as `Hypothesis.bd_rate`, or null with the reason.

    `partly`: fewer bits, but not as many fewer as expected. `unknown`: no figure was expected, or none measured.
    """

    verdict: Literal["borne_out", "partly", "refuted", "unknown"]
    measured: float | None = None
    reason: str | None = None


class ResultRow(Model):
    """One clip at one rate. PSNR in dB: mean over frames of per-frame values capped at 60; `*_mse`: from the mean MSE."""

    clip: str
    rate: Rate
    frames: int
    bytes: int
    kbps: float
    bpp: float
    psnr_y: float
    psnr_u: float
    psnr_v: float
    psnr_yuv: float
    psnr_y_mse: float | None = None
    psnr_y_min: float | None = None
    psnr_y_p5: float | None = None
    lossless: bool = False
    ssim: float | None = Field(None, description="null where a side is under 11 samples")
    vmaf: float | None = None
    encode_seconds: float
    decode_seconds: float
    encode_fps: float
    decode_fps: float
    encode_cpu_seconds: float | None = None
    decode_cpu_seconds: float | None = None
    encode_peak_mb: float | None = None
    decode_peak_mb: float | None = None
    encode_spread: float | None = Field(
        None, description="slowest less fastest over the median of several timing runs; null for one run"
    )
    decode_spread: float | None = None
    packets: int | None = None
    bitstream_sha256: str
    decoded_sha256: str
    artifacts: dict[str, str] = Field(default_factory=dict, description="name to path under the experiment's artifacts")
    more: dict[str, Any] = Field(
        default_factory=dict, description="further named metrics, e.g. ms_ssim, ssim_ffmpeg, xpsnr"
    )


class PerceptualFigures(Model):
    """What joins a row after its run, while no codec runs: VMAF, VMAF-NEG and XPSNR.

    `more`, `missing` (the reasons) and `artifacts` are added to the row's own.
    """

    clip: str
    rate: Rate
    vmaf: float | None = None
    more: dict[str, Any] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)
    artifacts: dict[str, str] = Field(default_factory=dict)


class BDRate(Model):
    """BD-rate against one anchor, in percent (negative: fewer bits), or null with the reason."""

    percent: float | None = None
    reason: str | None = None
    per_clip: dict[str, float | None] = Field(default_factory=dict)


class Reproduction(Model):
    """What a rerun says about its original: whether every bitstream came out the same."""

    of: str
    same: bool | None = None
    compared: int = 0
    different: list[str] = Field(default_factory=list)


class Badge(Model):
    """One fact that the audit found, with its reason. `unknown` means not tried, and says why."""

    name: Literal["deterministic", "bitstream_matters", "fresh_clip", "library_codec", "code_size", "too_good"]
    verdict: Literal["good", "bad", "note", "unknown"]
    text: str
    evidence: dict[str, Any] = Field(default_factory=dict)


class Audit(Model):
    """What was looked at after the run. Facts for the reader of a ranked list; nobody is accused."""

    at: str
    badges: list[Badge] = Field(default_factory=list)
    held: bool = Field(
        False, description="better than can be believed without a look; not ranked until somebody looked"
    )


class Summary(Model):
    sentence: str | None = None
    clips: int = 0
    points: int = 0
    best_psnr_y: float | None = None
    best_ssim: float | None = None
    bd_rate: dict[str, BDRate] = Field(default_factory=dict)
    reproduction: Reproduction | None = None
    judgement: Judgement | None = Field(None, description="of the hypothesis; null where there was none")
    seconds: float | None = None


class Progress(Model):
    stage: Literal[
        "queued", "check", "smoke", "prepare", "encode", "decode", "measure", "preview", "store", "finished"
    ] = "queued"
    clip: str | None = None
    rate: Rate | None = None
    point: int = 0
    points: int = 0
    frames_done: int = 0
    frames_total: int = 0
    seconds: float = 0.0


class Event(Model):
    seq: int
    at: str
    kind: Literal["status", "stage", "point", "log", "warning"]
    message: str
    progress: Progress | None = None


class Lease(Model):
    """Who may write a running experiment. A higher fence always wins; a write under a lower one is refused."""

    owner: str
    fence: int
    expires_at: float = Field(description="seconds since the epoch, on the agent's clock")


class ExperimentRequest(Model):
    """The body of POST /experiments."""

    code: str = Field(min_length=1, max_length=1_000_000)
    id: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{5,63}$")
    title: str | None = Field(None, max_length=200)
    clips: list[str] | None = Field(None, min_length=1, max_length=64)
    rates: list[Annotated[Rate, Field(ge=-1e9, le=1e9)]] | None = Field(None, min_length=1, max_length=16)
    frames: int | None = Field(None, ge=1, description="only the first so many frames of each clip")
    timing_runs: int = Field(1, ge=1, le=9, description="encodes and decodes of each point; times are their medians")
    limits: Limits = Field(default_factory=Limits)
    parent_id: str | None = Field(None, max_length=64)
    origin: Origin = Field(default_factory=Origin)
    hypothesis: Hypothesis | None = None


class Experiment(Model):
    schema_version: int = SCHEMA
    id: str
    title: str
    status: Status = Status.QUEUED
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    code: str
    code_sha256: str
    decoder_bytes: int = Field(description="the code that runs, compressed: the size of the decoder that the bits need")
    decoder_kit_bytes: int | None = Field(
        None, description="the code with the sources of codec_kit that it runs, compressed; null in older records"
    )
    clips: list[ClipRef]
    rates: list[Rate]
    frames: int | None = None
    timing_runs: int = 1
    limits: Limits = Field(default_factory=Limits)
    parent_id: str | None = None
    rerun_of: str | None = None
    origin: Origin = Field(default_factory=Origin)
    hypothesis: Hypothesis | None = None
    error: Failure | None = None
    log: str = ""
    warnings: list[str] = Field(default_factory=list)
    results: list[ResultRow] = Field(default_factory=list)
    summary: Summary = Field(default_factory=Summary)
    audit: Audit | None = None
    progress: Progress = Field(default_factory=Progress)
    environment: dict[str, Any] = Field(default_factory=dict)
    sandbox: str | None = Field(None, description="level of the jail the run had: full, watchdog, or unsafe for none")
    cancel_requested: bool = False
    attempts: int = 0
    lease: Lease | None = None
    notes: str = ""
    archived: bool = False
    released: str = Field("", description="why a person lets a held run be ranked; empty: nobody does")

    @property
    def unranked(self) -> str | None:
        """Why this run may stand in no ranked list, in a sentence; None where it may."""
        if self.status is not Status.SUCCEEDED:
            return "It did not succeed."
        if self.sandbox == UNSAFE:
            return "It ran without a jail, in unsafe mode."
        if self.audit is not None and self.audit.held and not self.released:
            return "The audit holds it until somebody has looked."
        return None
