"""The public dashboard: HTML rendered from the table at each request. Ships alone: standard library and boto3.

Everything that comes out of the table is hostile (titles, names, tracebacks are a codec writer's words) and is escaped
where it is put into the page. There is no script. Pages are bounded: so many rows, so many bytes of each text.

/                   best results against the anchors, latest experiments (?before= for older ones)
/experiment/ID      one experiment: figures, rate-distortion chart, source and decoded video, the decoder
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import logging
import math
import os
import re
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import boto3
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.config import Config

LATEST, POINTS_IN_LIST, POINTS_ON_PAGE, BOARDS, CANDIDATES, VIDEOS = 25, 16, 200, 24, 20, 12
MAX_TEXT, MAX_BODY = 4_000, 1_000_000
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
PLACE = re.compile(r"[0-9T:.Z-]{20,32}\|[A-Za-z0-9_-]{1,64}")
STATUSES = {"queued", "running", "succeeded", "failed", "cancelled"}
ANCHORS_FIRST = ("x264-medium", "x265-medium", "svtav1-8", "svtav1-6")
log = logging.getLogger()
log.setLevel(logging.INFO)

Item = dict[str, Any]
_pack, _unpack = TypeSerializer().serialize, TypeDeserializer().deserialize
_client = None


def handler(event: Item, context: Any) -> Item:
    """A request of a function URL (payload 2.0) to its answer. Never raises: what fails is said, and logged."""
    http = event.get("requestContext", {}).get("http", {})
    method, path = http.get("method", "GET"), event.get("rawPath", "/")
    if method not in ("GET", "HEAD"):
        return answer(405, page("Not allowed", "<p>This dashboard is only read.</p>"), method, {"allow": "GET, HEAD"})
    try:
        if path in ("/", ""):
            return answer(200, overview((event.get("queryStringParameters") or {}).get("before")), method)
        if (found := re.fullmatch(r"/experiment/([^/]+)", path)) and ID.fullmatch(found[1]):
            body = experiment_page(found[1])
            if body is not None:
                return answer(200, body, method)
        return answer(404, page("Not found", '<p>There is no such page. <a href="/">To the latest</a></p>'), method)
    except Exception:
        log.exception("%s failed", path[:200])
        message = "<p>The table could not be read just now. Try again in a moment.</p>"
        return answer(503, page("Not available", message), method, {"retry-after": "10"})


def answer(status: int, body: str, method: str, more: dict[str, str] | None = None) -> Item:
    return {
        "statusCode": status,
        "headers": {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "strict-transport-security": "max-age=31536000; includeSubDomains",
            **(more or {}),
        },
        "body": "" if method == "HEAD" else body,
    }


# The table (layout: the lab's stores on AWS) -----------------------------------------------------------------------


def client() -> Any:
    global _client
    if _client is None:
        config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
        _client = boto3.client("dynamodb", endpoint_url=os.environ.get("ENDPOINT"), config=config)
    return _client


def table() -> str:
    return os.environ["TABLE"]


def packed(values: Item) -> Item:
    return {name: _pack(value) for name, value in values.items()}


def unpacked(item: Item) -> Item:
    return {name: plain(_unpack(value)) for name, value in item.items()}


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        return bytes(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def get_many(keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """Items by key. What the table does not give at once is asked for twice more and then left out."""
    found: dict[tuple[str, str], Item] = {}
    for start in range(0, len(keys), 100):
        left = [packed({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + 100]]
        for _ in range(3):
            if not left:
                break
            reply = client().batch_get_item(RequestItems={table(): {"Keys": left}})
            items = map(unpacked, reply["Responses"].get(table(), []))
            found |= {(item["pk"], item["sk"]): item for item in items}
            left = reply.get("UnprocessedKeys", {}).get(table(), {}).get("Keys", [])
    return found


def latest(before: str | None) -> tuple[list[Item], str | None]:
    """META of the newest experiments that are not archived, and the cursor of older ones."""
    call: Item = {
        "TableName": table(),
        "IndexName": "newest",
        "KeyConditionExpression": "#listing = :listing" + (" AND #place < :before" if before else ""),
        "ExpressionAttributeNames": {"#listing": "listing"} | ({"#place": "place"} if before else {}),
        "ExpressionAttributeValues": packed({":listing": "experiments"} | ({":before": before} if before else {})),
        "ScanIndexForward": False,
        "Limit": LATEST,
    }
    reply = client().query(**call)
    entries = [unpacked(item) for item in reply["Items"]]
    wanted = [(e["pk"], "META") for e in entries if not e.get("archived")]
    metas = get_many(wanted)
    more = entries[-1]["place"] if entries and "LastEvaluatedKey" in reply else None
    return [metas[key] for key in wanted if key in metas], more


def points(metas: list[Item], most: int) -> dict[str, list[Item]]:
    """Rows of results by experiment, lowest rate first, at most so many of each."""
    keys = [
        (meta["pk"], f"POINT#{meta['points_token']}#{n:05d}")
        for meta in metas
        for n in range(min(int(meta.get("points") or 0), most))
    ]
    seen = {meta["pk"]: perceptual_of(meta) for meta in metas}
    rows: dict[str, list[Item]] = {}
    for (pk, _), item in get_many(keys).items():
        row = item["row"]
        found = seen[pk].get((row["clip"], row["rate"]))
        rows.setdefault(pk, []).append(row if found is None else row | {"vmaf": found["vmaf"], "more": found})
    return {pk: sorted(found, key=lambda row: (str(row["clip"]), row["kbps"])) for pk, found in rows.items()}


def perceptual_of(meta: Item) -> dict[tuple[str, Any], Item]:
    """VMAF, or why there is none, by clip and rate: it is measured after the run and lies, deflated, beside the rows."""
    try:
        found = json.loads(inflated(meta["perceptual"]))
        return {(row["clip"], row["rate"]): {"vmaf": row["vmaf"], "missing": row["missing"]} for row in found}
    except (KeyError, TypeError, ValueError, zlib.error):
        return {}


def inflated(data: bytes) -> bytes:
    """Raises ValueError where there is more in it than a page may hold."""
    reader = zlib.decompressobj()
    text = reader.decompress(data, MAX_BODY)
    if reader.unconsumed_tail:
        raise ValueError("too long")
    return text


def body_of(meta: Item) -> Item:
    """The long texts: origin, error, log, environment. Empty where they are not whole or too long to be shown."""
    keys = [(meta["pk"], f"BODY#{meta['body']}#{n}") for n in range(min(int(meta.get("body_parts") or 0), 4))]
    found = get_many(keys)
    try:
        return json.loads(inflated(b"".join(found[key]["data"] for key in keys)))
    except (KeyError, ValueError, zlib.error):
        return {}


def leaders(boards: list[str]) -> dict[str, Item]:
    """The leader of each board of BD-rates, which is the lowest; of what is archived nothing is shown."""
    found: dict[str, list[Item]] = {}
    for board in boards:
        reply = client().query(
            TableName=table(),
            IndexName="best",
            KeyConditionExpression="#board = :board",
            ExpressionAttributeNames={"#board": "board"},
            ExpressionAttributeValues=packed({":board": board}),
            Limit=CANDIDATES,
        )
        found[board] = [unpacked(item) for item in reply["Items"]]
    metas = get_many(list({(item["pk"], "META"): None for items in found.values() for item in items}))
    shown = lambda item: not metas.get((item["pk"], "META"), {"archived": True}).get("archived")
    first = {board: next(filter(shown, items), None) for board, items in found.items()}
    return {board: item for board, item in first.items() if item}


def bd_rates(meta: Item) -> dict[str, Item]:
    """By anchor. They join the finished record later, as an attribute of their own."""
    found = meta.get("bd_rates") or (meta.get("summary") or {}).get("bd_rate") or {}
    return {str(name): rate for name, rate in found.items() if isinstance(rate, dict)}


# Words -------------------------------------------------------------------------------------------------------------


def text(value: Any, most: int = 200) -> str:
    """Any value as text of a page: bounded, escaped, safe in attributes too."""
    shown = str(value)
    return html.escape(shown if len(shown) <= most else shown[: most - 1] + "…", quote=True)


def number(value: Any, digits: int = 2, unit: str = "") -> str:
    """A measured figure, or a dash where there is none: never a placeholder that looks like a result."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    return f"{value:,.{digits}f}{unit}"


def vmaf(row: Item) -> str:
    """VMAF of a point, or a dash that says on hover why there is none."""
    shown = number(row.get("vmaf"), 1)
    missing = (row.get("more") or {}).get("missing") or {}
    reason = missing.get("vmaf") or "it was not measured"
    return f'<span title="{text(reason, 200)}">{shown}</span>' if shown == "–" else shown


def percent(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    tone = "good" if value < -0.05 else "bad" if value > 0.05 else ""
    return f'<span class="{tone}">{value:+.1f} %</span>'.replace("-", "−")


def size(value: Any) -> str:
    return number(value / 1000, 1, " kB") if isinstance(value, int | float) and not isinstance(value, bool) else "–"


def moment(value: Any) -> str:
    shown = str(value or "")[:19]
    return f'<time datetime="{text(shown)}Z">{text(shown.replace("T", " ")[:16])}</time>'


def status_of(meta: Item) -> str:
    status = str(meta.get("status"))
    return status if status in STATUSES else "unknown"


def anchors_in_order(names: Any) -> list[str]:
    known = [name for name in ANCHORS_FIRST if name in names]
    return known + sorted(name for name in names if name not in known)


def headline(meta: Item) -> Item | None:
    rates = bd_rates(meta)
    order = [rates[name] | {"anchor": name} for name in anchors_in_order(rates)]
    return next((rate for rate in order if rate.get("percent") is not None), None)


def best_row(rows: list[Item]) -> Item | None:
    return max(rows, key=lambda row: (bool(row.get("lossless")), row["psnr_y"]), default=None)


# Pages -------------------------------------------------------------------------------------------------------------


def overview(before: str | None) -> str:
    before = before if before and PLACE.fullmatch(before) else None
    metas, more = latest(before)
    rows = points(metas, POINTS_IN_LIST)
    lines = "".join(list_row(meta, rows.get(meta["pk"], [])) for meta in metas)
    head = "".join(f"<th{c}>{name}</th>" for name, c in LIST_HEAD)
    listing = (
        f'<div class="wide"><table class="cards"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    if not metas:
        listing = "<p>There is no experiment here yet.</p>"
    older = f'<p><a rel="next" href="/?before={quote(more, safe="")}">Older experiments</a></p>' if more else ""
    board = "" if before else board_table(metas)
    return page("Codec Lab", f"{board}<h2>{'Older' if before else 'Latest'} experiments</h2>{listing}{older}")


RIGHT = ' class="n"'
LIST_HEAD = (
    *(("Experiment", ""), ("Status", ""), ("Clip", ""), ("Rate", RIGHT), ("Y-PSNR", RIGHT), ("SSIM", RIGHT)),
    *(("BD-rate", RIGHT), ("Decoder", RIGHT), ("Started", "")),
)


def list_row(meta: Item, rows: list[Item]) -> str:
    """One experiment in the list, by its best point."""
    row, rate = best_row(rows) or {}, headline(meta)
    against = f"{percent(rate['percent'])}<small>{text(rate['anchor'])}</small>" if rate else "–"
    clips = ", ".join(str(clip.get("name")) for clip in meta.get("clips") or [])
    cells = (
        f'<th scope="row"><a href="/experiment/{quote(str(meta["id"]))}">{text(meta.get("title"), 80)}</a></th>',
        f'<td><span class="status {status_of(meta)}">{status_of(meta)}</span></td>',
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


def experiment_page(experiment_id: str) -> str | None:
    meta = get_many([(f"EXP#{experiment_id}", "META")]).get((f"EXP#{experiment_id}", "META"))
    if meta is None or meta.get("archived"):
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
        ("Status", f'<span class="status {status_of(meta)}">{status_of(meta)}</span>'),
        ("Started", moment(meta.get("started_at") or meta.get("created_at")) + " UTC"),
        ("Took", number((meta.get("summary") or {}).get("seconds"), 1, " s")),
        ("Decoder", f"{size(meta.get('decoder_bytes'))} {decoder_link(meta)}"),
        ("From", text(origin.get("kind", "–"), 20) + (f", {text(origin['model'], 60)}" if origin.get("model") else "")),
    ]
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
        for name in anchors_in_order(rates)[:12]
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


# The chart ---------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, END = 640, 340, 52, 42, 14, 14


def chart_section(rows: list[Item]) -> str:
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if isinstance(row.get("psnr_yuv"), int | float) and row["kbps"] > 0:
            curves.setdefault(str(row["clip"]), []).append((float(row["kbps"]), float(row["psnr_yuv"])))
    if not curves:
        return ""
    shown = dict(list(curves.items())[:8])
    key = "".join(f'<li class="c{n}"><span></span>{text(name, 40)}</li>' for n, name in enumerate(shown))
    return f'<h3>Rate and distortion</h3><figure class="chart">{chart(shown)}<ul class="key">{key}</ul></figure>'


def chart(curves: dict[str, list[tuple[float, float]]]) -> str:
    """PSNR-YUV in dB over kbit/s (logarithmic), one line a clip."""
    rates = [rate for curve in curves.values() for rate, _ in curve]
    levels = [level for curve in curves.values() for _, level in curve]
    low, high = math.log(min(rates)) - 0.1, math.log(max(rates)) + 0.1
    step = next(s for s in (0.5, 1, 2, 5, 10, 20) if (max(levels) - min(levels)) / s <= 7 or s == 20)
    floor, ceiling = math.floor(min(levels) / step) * step, math.ceil(max(levels) / step + 1e-9) * step
    ceiling = max(ceiling, floor + step)
    x = lambda rate: LEFT + (math.log(rate) - low) / (high - low) * (WIDTH - LEFT - END)
    y = lambda level: TOP + (ceiling - level) / (ceiling - floor) * (HEIGHT - TOP - BOTTOM)
    parts = []
    for n in range(round((ceiling - floor) / step) + 1):
        level = floor + n * step
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - END}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end">{level:g}</text>')
    for rate in ticks(math.exp(low), math.exp(high)):
        parts.append(f'<line class="grid" x1="{x(rate):.1f}" x2="{x(rate):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x(rate):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{rate:,g}</text>')
    parts.append(f'<text x="{WIDTH - END}" y="{HEIGHT - 6}" text-anchor="end">kbit/s</text>')
    parts.append(f'<text x="{LEFT + 6}" y="{TOP + 14}">PSNR-YUV, dB</text>')
    for n, (name, curve) in enumerate(curves.items()):
        path = " ".join(f"{x(rate):.1f},{y(level):.1f}" for rate, level in curve)
        dots = "".join(
            f'<circle cx="{x(rate):.1f}" cy="{y(level):.1f}" r="4">'
            f"<title>{text(name, 40)}: {rate:,.1f} kbit/s, {level:.2f} dB</title></circle>"
            for rate, level in curve
        )
        parts.append(f'<g class="c{n}"><polyline points="{path}"/>{dots}</g>')
    label = f"PSNR-YUV over bit rate of {len(curves)} clip{'s' if len(curves) > 1 else ''}"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of each decade; only whole decades where that is too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]
    return fine if 1 <= len(fine) <= 9 else [v for v in fine if math.log10(v) % 1 == 0]


STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1d22;--soft:#5b626e;--line:#e2e5ea;--panel:#f6f7f9;--link:#0b5cad;
--good:#17703c;--bad:#a8321f;--c0:#0b6bcb;--c1:#c2410c;--c2:#15803d;--c3:#9333ea;--c4:#b45309;--c5:#0e7490;--c6:#be185d;--c7:#4d5563}
@media(prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#e7e9ee;--soft:#a0a8b5;--line:#2c3038;--panel:#1c1f25;
--link:#7db7f5;--good:#66c98d;--bad:#f0907e;--c0:#6cb2f8;--c1:#f59e6c;--c2:#6fd196;--c3:#c99cf9;--c4:#eab55e;--c5:#62c8da;--c6:#f28abb;--c7:#b0b8c4}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1rem 1.25rem 3rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;justify-content:space-between;border-bottom:1px solid var(--line);padding-bottom:.6rem}
h1{font-size:1.15rem;margin:0}h1 a{color:inherit;text-decoration:none}h2{font-size:1.35rem;margin:1.6rem 0 .5rem;line-height:1.25}
h3{font-size:1.05rem;margin:1.8rem 0 .4rem}h4{margin:1rem 0 .3rem;font-weight:600}
a{color:var(--link)}p,small,figcaption,dt,header span{color:var(--soft)}p{margin:.4rem 0 .8rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.45rem .7rem .45rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400;overflow-wrap:normal}
thead th{color:var(--soft);font-size:.85rem;white-space:nowrap}tbody th{font-weight:500;min-width:11rem;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td small{display:block;font-size:.75rem}time{white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}
.status{display:inline-block;padding:0 .5rem;border-radius:1rem;background:var(--panel);border:1px solid var(--line);font-size:.82rem}
.status.succeeded{color:var(--good)}.status.failed{color:var(--bad)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem 1.2rem;margin:1rem 0}dt{font-size:.82rem}dd{margin:0}
.failure{background:var(--panel);border-left:3px solid var(--bad);padding:.6rem .9rem;margin:1rem 0}
pre{margin:.4rem 0 0;white-space:pre-wrap;font:13px/1.45 ui-monospace,Menlo,Consolas,monospace;max-height:24rem;overflow:auto}
figure{margin:0}.chart svg{display:block;width:100%;max-width:46rem;height:auto}
svg text{fill:var(--soft);font-size:12px;font-family:inherit}.grid{stroke:var(--line)}polyline{fill:none;stroke:var(--c);stroke-width:2}
circle{fill:var(--c);stroke:var(--paper);stroke-width:1.5}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}
.key{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.4rem 0;padding:0}.key span{display:inline-block;width:.8rem;height:.8rem;border-radius:50%;background:var(--c);margin-right:.4rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:1rem}video{width:100%;background:#000;border-radius:4px;aspect-ratio:16/9}
@media(max-width:40rem){body{padding:.8rem .9rem 2rem}svg text{font-size:17px}
tbody th{min-width:8.5rem}
.cards thead{display:none}.cards tr{display:grid;grid-template-columns:1fr 1fr;gap:.1rem 1rem;padding:.7rem 0;border-bottom:1px solid var(--line)}
.cards th,.cards td{border:0;padding:.1rem 0;text-align:left}.cards th{grid-column:1/-1}.cards td small{display:inline;margin-left:.4rem}
.cards td[data-is]::before{content:attr(data-is);display:block;color:var(--soft);font-size:.75rem}.cards td:nth-child(2){grid-column:1/-1}}
""".strip()  # fmt: skip
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; media-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(title: str, body: str, *, escaped: bool = False) -> str:
    """The whole document. The moment is in it, so that a stale page would be seen as one."""
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<link rel="icon" href="data:,"><title>{title if escaped else text(title)}</title><style>{STYLE}</style></head><body>'
        f'<header><h1><a href="/">Codec Lab</a></h1><span>as of {at}</span></header><main>{body}</main></body></html>'
    )
