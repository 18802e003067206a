"""The pictures of a comparison: any two of sources, experiments' points and anchors' points, on the same frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import streamlit as st

from app.components import Series, player
from app.panels.blind import blind_results_of_pair, blind_start, blind_trial
from app.results.contender import Choice, Contender, Footage, Row
from app.results.format import escape_markdown, short
from app.results.matched import Match, nearest, point_label, sentence
from app.results.playable import Playable, playable, source_of, url
from app.services import Services

SOURCE = "source"
MATCHES: dict[str, Match | None] = {"Bit rate": "bitrate", "Quality": "quality", "By hand": None}


def player_slot(services: Services, choice: Choice, footage: Footage) -> None:
    """Two sides and how their points are matched, the sentence, the player, the blind test."""
    able = {c.pick.text: c for c in choice.contenders if c.on(footage).rows}
    if not able:
        st.caption("None of the chosen has decoded video of this clip: there is nothing to play.")
        return

    @st.fragment(key=f"compare-player-{footage.sha256[:12]}-{footage.frames}")
    def slot() -> None:
        controls, pictures = st.columns([3, 7], gap="medium")
        with controls:
            a, b, said = choose_sides(able, footage)
        running = services.blind.running(a.stimulus, b.stimulus)
        with controls:
            st.markdown(escape_markdown(f"Blind test of {a.label} and {b.label}." if running else said))
        if running is not None:
            with pictures:
                blind_trial(services, running, frame_size(services, footage), Fraction(footage.fps or 25))
            return
        with controls, st.expander("Blind test", icon=":material/visibility_off:"):
            blind_start(services, a.stimulus, b.stimulus, footage)
        with controls:
            blind_results_of_pair(services, a.stimulus, b.stimulus)
        with pictures:
            play_pair(services, a, b, footage)

    slot()


def choose_sides(able: dict[str, Contender], footage: Footage) -> tuple[Playable, Playable, str]:
    """Side A with its point, side B with the point that matches it; and the sentence that says so."""
    names = [*able, SOURCE]
    label = lambda name: "Source" if name == SOURCE else short(able[name].label, 48)
    left = pick("Side A", names, names[0] if len(able) > 1 else SOURCE, "left", label)
    rows_a = able[left].on(footage).rows if left in able else ()
    row_a = choose_row(rows_a, "Point of A", "left-rate") if rows_a else None
    others = [n for n in names if n != left]
    right = pick("Side B", others, others[0], "right", label)
    rows_b = able[right].on(footage).rows if right in able else ()
    match = MATCHES[choose_match()] if rows_a and rows_b else None
    row_b = nearest(rows_b, row_a, match) if match and row_a is not None else None
    if row_b is None and rows_b:
        row_b = choose_row(rows_b, "Point of B", "right-rate")
    a, b = (
        playable(able[name], footage, row) if row is not None else source_of(footage)
        for name, row in ((left, row_a), (right, row_b))
    )
    return a, b, sentence(label(left), row_a, label(right), row_b, match)


def show_clicked(choice: Choice, chart: str) -> None:
    """The point that was clicked in a chart is shown on the side that has its codec, else on side B."""
    points = st.session_state[chart].selection.points
    at = next((p["customdata"] for p in points if p.get("customdata")), None)
    found = next((c for c in choice.contenders if at and c.label == at[0]), None)
    if at is None or found is None:
        return
    side = "left" if st.session_state.get("left") == found.pick.text else "right"
    chosen = {side: found.pick.text, f"{side}-rate": f"{at[2]:g}"}
    chosen |= {"match": "By hand"} if side == "right" else {}
    chosen |= {"clip": at[1]} if len(choice.footage) > 1 else {}
    for key, value in chosen.items():
        st.session_state[key] = value
        if key != "clip":  # which keeps itself in the URL
            keep(key)


def pick(title: str, options: list[str], default: str, key: str, label: Callable[[str], str]) -> str:
    """A choice whose place is the URL; what is not there any more falls back to the default."""
    remember(key, options, default)
    return st.selectbox(title, options, format_func=label, key=key, on_change=keep, args=(key,))


def remember(key: str, options: Iterable[str], default: str) -> None:
    """The widget's value before it is drawn: this tab's, else the URL's, else the default."""
    known = set(options)
    wanted = (st.session_state.get(key), st.query_params.get(key))
    st.session_state[key] = next((w for w in wanted if w in known), default)


def keep(key: str) -> None:
    st.query_params[key] = st.session_state[key]


def choose_match() -> str:
    remember("match", MATCHES, "Bit rate")
    return st.segmented_control(
        "Match by",
        list(MATCHES),
        required=True,
        key="match",
        on_change=keep,
        args=("match",),
        help="Which point of B is shown: the nearest in bit rate, the nearest in PSNR-YUV, or one that you choose.",
    )


def choose_row(rows: tuple[Row, ...], title: str, key: str) -> Row:
    by_rate = {f"{row.rate:g}": row for row in rows}
    names = list(by_rate)
    return by_rate[pick(title, names, names[len(names) // 2], key, lambda n: point_label(by_rate[n]))]


def play_pair(services: Services, a: Playable, b: Playable, footage: Footage) -> None:
    width, height = frame_size(services, footage)
    source = None if "source" in (a.kind, b.kind) else url(source_of(footage).planes)
    player(
        url(a.preview),
        url(b.preview),
        fps=Fraction(footage.fps or 25),
        frames=footage.frames,
        width=width,
        height=height,
        key=f"compare-{footage.sha256[:12]}-{footage.frames}",
        label_a=a.label,
        label_b=b.label,
        exact_url=(url(a.exact), url(b.exact)),
        planes_url=(url(a.planes), url(b.planes), source),
        waits=(a.wait, b.wait),
        series=[
            Series(p.label, side=side, url=url(p.series)) for side, p in (("a", a), ("b", b)) if p.series is not None
        ],
    )


def frame_size(services: Services, footage: Footage) -> tuple[int, int]:
    """The visible size, where the catalogue still has this very clip; else the coded one."""
    known = next((c for c in services.clips()[0] if c.sha256 == footage.sha256), None)
    if known is not None:
        return known.visible_width, known.visible_height
    return footage.width or 16, footage.height or 9
