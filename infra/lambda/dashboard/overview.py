"""The overview: best results against the anchors, then the latest experiments, each by its best point."""

from __future__ import annotations

import re
from urllib.parse import quote

from aws import Item

from .figures import anchors_in_order, bd_rates, best_row, headline
from .frame import page
from .records import latest, leaders, points
from .words import RIGHT, moment, number, percent, size, status, text

POINTS_IN_LIST, BOARDS = 16, 24
PLACE = re.compile(r"[0-9T:.Z-]{20,32}\|[A-Za-z0-9_-]{1,64}")
LIST_HEAD = (
    *(("Experiment", ""), ("Status", ""), ("Clip", ""), ("Rate", RIGHT), ("Y-PSNR", RIGHT), ("SSIM", RIGHT)),
    *(("BD-rate", RIGHT), ("Decoder", RIGHT), ("Started", "")),
)


def overview(before: str | None) -> str:
    """The newest, or those older than the cursor `before`; one that is none is as if it were not given."""
    before = before if before and PLACE.fullmatch(before) else None
    metas, more = latest(before)
    rows = points(metas, POINTS_IN_LIST)
    lines = "".join(list_row(meta, rows.get(meta["pk"], [])) for meta in metas)
    head = "".join(f"<th{c}>{name}</th>" for name, c in LIST_HEAD)
    listing = (
        f'<div class="wide"><table class="cards"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    if not metas:
        listing = f"<p>{'What was here is archived.' if before or more else 'There is no experiment here yet.'}</p>"
    older = f'<p><a rel="next" href="/?before={quote(more, safe="")}">Older experiments</a></p>' if more else ""
    board = "" if before else board_table(metas)
    return page("Codec Lab", f"{board}<h2>{'Older' if before else 'Latest'} experiments</h2>{listing}{older}")


def list_row(meta: Item, rows: list[Item]) -> str:
    """One experiment in the list, by its best point."""
    row, rate = best_row(rows) or {}, headline(meta)
    against = f"{percent(rate['percent'])}<small>{text(rate['anchor'])}</small>" if rate else "–"
    clips = ", ".join(str(clip.get("name")) for clip in meta.get("clips") or [])
    cells = (
        f'<th scope="row"><a href="/experiment/{quote(str(meta["id"]))}">{text(meta.get("title"), 80)}</a></th>',
        f"<td>{status(meta)}</td>",
        f'<td data-is="Clip">{text(row.get("clip") or clips, 40)}</td>',
        *(f'<td{RIGHT} data-is="{name}">{cell}</td>' for name, cell in (
            ("Rate", number(row.get("kbps"), 0, " kbit/s")), ("Y-PSNR", number(row.get("psnr_y"), 2, " dB")),
            ("SSIM", number(row.get("ssim"), 4)), ("BD-rate", against), ("Decoder", size(meta.get("decoder_bytes"))),
        )),
        f'<td data-is="Started">{moment(meta.get("created_at"))}</td>',
    )  # fmt: skip
    return f"<tr>{''.join(cells)}</tr>"


def board_table(metas: list[Item]) -> str:
    """Lowest BD-rate of any experiment, by clip and anchor, for the clips and anchors of the latest ones."""
    clips = list(dict.fromkeys(str(c.get("name")) for meta in metas for c in meta.get("clips") or []))[:8]
    anchors = anchors_in_order({name for meta in metas for name in bd_rates(meta)})[
        : max(1, BOARDS // max(1, len(clips)))
    ][:4]
    lines, best = "", leaders([f"bd_rate#{anchor}#{clip}" for clip in clips for anchor in anchors])
    for clip in clips:
        row = [best.get(f"bd_rate#{anchor}#{clip}") for anchor in anchors]
        if any(row):
            cells = "".join(
                f'<td{RIGHT}><a href="/experiment/{quote(str(found["experiment_id"]))}">{percent(found["score"])}</a></td>'
                if found
                else f"<td{RIGHT}>–</td>"
                for found in row
            )
            lines += f'<tr><th scope="row">{text(clip, 40)}</th>{cells}</tr>'
    if not lines:
        return ""
    head = "".join(f"<th{RIGHT}>{text(anchor, 24)}</th>" for anchor in anchors)
    note = "<p>BD-rate: bits against the anchor at equal quality (PSNR-YUV). Below zero, the codec needs fewer.</p>"
    return (
        f"<h2>Best against the anchors</h2>{note}"
        f'<div class="wide"><table><thead><tr><th>Clip</th>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
