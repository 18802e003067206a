"""Rate-distortion curves as inline SVG: PSNR-YUV in dB over kbit/s, one line a clip. Colours are the style's."""

from __future__ import annotations

import math

from aws import Item

from .words import text

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
