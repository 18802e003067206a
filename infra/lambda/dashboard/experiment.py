"""The page of one experiment: facts, failure, rate-distortion chart, BD-rates, points, videos, the decoder."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from aws import ID, Item

from .chart import chart_section
from .figures import anchors_in_order, bd_rates, best_row, unranked
from .frame import page
from .records import body_of, experiment, points
from .words import RIGHT, moment, number, percent, size, status, text, vmaf

POINTS_ON_PAGE, ANCHORS, VIDEOS, MAX_TEXT = 200, 24, 12, 4_000
SHA256 = re.compile(r"[0-9a-f]{64}")


def experiment_page(experiment_id: str) -> str | None:
    """None where there is no such experiment, or it is archived."""
    meta = experiment(experiment_id)
    if meta is None:
        return None
    rows, body = points([meta], POINTS_ON_PAGE).get(meta["pk"], []), body_of(meta)
    sections = (
        facts(meta, body), failure(body), chart_section(rows), against_anchors(meta), results(rows), videos(meta, rows),
    )  # fmt: skip
    title = text(meta.get("title"), 120)
    return page(title, f'<p><a href="/">All experiments</a></p><h2>{title}</h2>{"".join(sections)}', escaped=True)


def facts(meta: Item, body: Item) -> str:
    origin, run = body.get("origin") or {}, (body.get("environment") or {}).get("gpu") or {}
    pairs = [
        ("Status", status(meta)),
        ("Started", moment(meta.get("started_at") or meta.get("created_at")) + " UTC"),
        ("Took", number((meta.get("summary") or {}).get("seconds"), 1, " s")),
        ("Decoder", f"{size(meta.get('decoder_bytes'))} {decoder_link(meta)}"),
        ("From", text(origin.get("kind", "–"), 20) + (f", {text(origin['model'], 60)}" if origin.get("model") else "")),
    ]
    if meta.get("status") == "succeeded" and (why := unranked(meta)):
        pairs.append(("Ranked", f"No. {text(why)}"))
    if run.get("name"):
        pairs.append(("Ran on", text(run["name"], 60)))
    if meta.get("rerun_of") and ID.fullmatch(str(meta["rerun_of"])):
        pairs.append(("Rerun of", f'<a href="/experiment/{quote(str(meta["rerun_of"]))}">{text(meta["rerun_of"])}</a>'))
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs) + "</dl>"


def decoder_link(meta: Item) -> str:
    """The code is the decoder; it lies under its hash."""
    sha256 = str(meta.get("code_sha256"))
    if not SHA256.fullmatch(sha256):
        return ""
    return f'<a download="{quote(str(meta["id"]))}.py" href="/code/{sha256}.py">download</a>'


def failure(body: Item) -> str:
    error = body.get("error")
    if not isinstance(error, dict):
        return ""
    return f'<div class="failure"><b>{text(error.get("category"), 40)}</b><pre>{text(error.get("message"), MAX_TEXT)}</pre></div>'


def against_anchors(meta: Item) -> str:
    rates = bd_rates(meta)
    lines = "".join(
        f'<tr><th scope="row">{text(name, 40)}</th><td{RIGHT}>{percent(rates[name].get("percent"))}</td>'
        f"<td>{text(rates[name].get('reason') or '', 160)}</td></tr>"
        for name in anchors_in_order(rates)[:ANCHORS]
    )
    head = f"<thead><tr><th>Anchor</th><th{RIGHT}>BD-rate</th><th></th></tr></thead>"
    return (
        f'<h3>Against the anchors</h3><div class="wide"><table>{head}<tbody>{lines}</tbody></table></div>'
        if lines
        else ""
    )


def results(rows: list[Item]) -> str:
    names = ("Clip", "Rate", "kbit/s", "Y-PSNR", "PSNR-YUV", "SSIM", "VMAF", "Encode", "Decode")
    head = "".join(f"<th{RIGHT if n else ''}>{name}</th>" for n, name in enumerate(names))
    lines = "".join(
        f'<tr><th scope="row">{text(row["clip"], 40)}</th>'
        + "".join(f"<td{RIGHT}>{cell}</td>" for cell in (
            text(row["rate"], 12), number(row["kbps"], 1), number(row["psnr_y"]), number(row["psnr_yuv"]),
            number(row.get("ssim"), 4), vmaf(row),
            number(row.get("encode_fps"), 1, " fps"), number(row.get("decode_fps"), 1, " fps"),
        )) + "</tr>"
        for row in rows
    )  # fmt: skip
    return (
        f'<h3>Points</h3><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
        if lines
        else ""
    )


def videos(meta: Item, rows: list[Item]) -> str:
    """Source beside decoded, for the best point of each clip. They are previews, and say so."""
    shown, sources = "", {str(c.get("name")): str(c.get("sha256")) for c in meta.get("clips") or []}
    for clip in list(dict.fromkeys(str(row["clip"]) for row in rows))[:VIDEOS]:
        row = best_row([r for r in rows if r["clip"] == clip]) or {}
        path = str((row.get("artifacts") or {}).get("preview", ""))
        pair = []
        if SHA256.fullmatch(sources.get(clip, "")):
            pair.append(("Source", f"/media/clips/{sources[clip]}/preview.mp4"))
        if path.endswith(".mp4"):
            pair.append((f"Decoded at rate {row['rate']}", f"/media/{quote(str(meta['id']))}/{quote(path)}"))
        figures = "".join(
            f'<figure><video controls preload="metadata" playsinline src="{html.escape(url, quote=True)}"></video>'
            f"<figcaption>{text(name, 60)}</figcaption></figure>"
            for name, url in pair
        )
        shown += f'<h4>{text(clip, 60)}</h4><div class="pair">{figures}</div>' if figures else ""
    return (
        f"<h3>Video</h3><p>H.264 previews for browsers; the figures are of the exact frames.</p>{shown}"
        if shown
        else ""
    )
