"""The frame of every page: head, header, style, and the policy that lets in this style and no script."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from .words import text

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
