"""The comparison player: two videos of one clip in step, by wipe, side by side, difference, error map or flip.

What plays is a lossy preview and says so. Paused, the exact frames are fetched and laid over it, and the badge says
that. Two videos in a browser cannot be locked to one clock: while playing, the second is held to the first by its
playback rate (the drift seen is shown under `?`); paused, both show exactly the frame that is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st

from ..modules import link

HERE = Path(__file__).parent
PREVIEW_NOTE = "While playing you see H.264 previews, which are lossy. Judge paused, on the exact frames."

_mount = st.components.v2.component(
    "codec_lab.player",
    html=(HERE / "player.html").read_text("utf-8"),
    css=(HERE / "player.css").read_text("utf-8"),
    js=link(HERE / "main.js"),
)


class Series(NamedTuple):
    """Per-frame figures to plot: PSNR in dB (None where there is none) and the bits spent on each frame, if known.

    Of `side` a or b. With `url`, the browser fetches them there (JSON with `psnr_y` and `bits`), and the page waits for
    nothing.
    """

    label: str
    psnr: Sequence[float | None] = ()
    bits: Sequence[int] | None = None
    side: Literal["a", "b"] = "b"
    url: str | None = None


class Seek(NamedTuple):
    """Go to a frame. A new `nonce` makes a new request; the same one is done once, however often the app reruns."""

    frame: int
    nonce: int | str


class Played(NamedTuple):
    """The frame that the player last stood still on."""

    frame: int


def player(
    a_url: str,
    b_url: str,
    *,
    fps: tuple[int, int] | Fraction,
    frames: int,
    width: int,
    height: int,
    key: str,
    label_a: str = "Source",
    label_b: str = "Decoded",
    seek: Seek | dict | None = None,
    preview_note: str = PREVIEW_NOTE,
    exact_url: str | tuple[str, str] | None = None,
    planes_url: tuple[str, str, str | None] | None = None,
    waits: tuple[str, str] = ("", ""),
    blind: bool = False,
    series: Sequence[Series] = (),
    on_frame: Callable[[int], None] | None = None,
) -> Played:
    """Show two videos with the same frames and return where the player stands.

    `exact_url` is where a lossless picture of a frame is: `{frame}` is replaced by its number and `{kind}` by
    `source` (for a) and `decoded` (for b); or one template for each. Where one of the two cannot be fetched the
    preview stays, and says that it is one. The difference is computed in the browser, from whichever is shown.
    `planes_url` is where the samples themselves are (as `gpu_agent.preview.planes_png` makes them), of a, of b, and of
    the source unless one of the two is it: the error map and the magnifier's Y, U, V come from there. `waits` is what
    to say while a or b is loading. `blind` leaves out whatever tells by figures whether two pictures are the same.
    `series` holds one or two curves. `on_frame` runs before the rerun's script with the frame that was stepped to;
    nothing is reported while playing.
    """
    num, den = (fps.numerator, fps.denominator) if isinstance(fps, Fraction) else fps
    if num <= 0 or den <= 0 or frames < 1 or width < 1 or height < 1:
        raise ValueError(f"a clip of {width}x{height}, {frames} frames at {num}/{den} per second cannot be played")
    templates = (exact_url, exact_url) if isinstance(exact_url, str) else exact_url

    def frame_now() -> int:
        return min(max(int((st.session_state.get(key) or {}).get("frame") or 0), 0), frames - 1)

    def moved() -> None:
        if on_frame is not None:
            on_frame(frame_now())

    _mount(
        key=key,
        data={
            "key": key,
            "a": {"url": a_url, "label": label_a, "wait": waits[0]},
            "b": {"url": b_url, "label": label_b, "wait": waits[1]},
            "blind": blind,
            "planes": None if planes_url is None else list(planes_url),
            "fps": [num, den],
            "frames": frames,
            "width": width,
            "height": height,
            "seek": seek._asdict() if isinstance(seek, Seek) else seek,
            "preview_note": preview_note,
            "exact": None
            if templates is None
            else [t.replace("{kind}", kind) for t, kind in zip(templates, ("source", "decoded"))],
            "series": [
                {
                    "label": s.label,
                    "psnr": [None if v is None else round(float(v), 3) for v in s.psnr],
                    "bits": None if s.bits is None else [int(v) for v in s.bits],
                    "side": s.side,
                    "url": s.url,
                }
                for s in series
            ],
        },
        default={"frame": 0},
        on_frame_change=moved,
    )
    return Played(frame_now())
