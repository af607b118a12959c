"""Draws the plots for docs/fit.md as small SVG files, without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" font-family="sans-serif" font-size="12">'
WIDTH, LEFT = 640, 130


def errors_plot(errors: Mapping[str, Sequence[float]], reach: float = 25.0) -> str:
    """Return a plot of the errors (ms): one row of points per kind, on an axis from -reach to reach."""
    height = 24 * len(errors) + 50
    parts = [HEAD.format(w=WIDTH, h=height), f'<rect width="{WIDTH}" height="{height}" fill="white"/>']

    def x(value: float) -> float:
        return LEFT + (max(-reach, min(reach, value)) + reach) / (2 * reach) * (WIDTH - LEFT - 20)

    for tick in (-20, -8, -2, 0, 2, 8, 20):
        parts.append(f'<path d="M{x(tick):.1f} 10V{height - 36}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{height - 20}" text-anchor="middle">{tick}</text>')
    parts.append(f'<text x="{x(0):.1f}" y="{height - 5}" text-anchor="middle">offset error, ms</text>')
    for row, (kind, values) in enumerate(errors.items()):
        y = 24 * row + 24
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{kind}</text>')
        parts += [f'<circle cx="{x(value):.1f}" cy="{y}" r="3" fill="#2a6" fill-opacity="0.6"/>' for value in values]
    return "\n".join([*parts, "</svg>", ""])


def coverage_plot(curve: Sequence[tuple[float, float, float]], chosen: float) -> str:
    """Plot the fraction of corrections that are wrong against the coverage; a ring marks the chosen threshold."""
    height = 320

    def place(share: float, wrong: float) -> tuple[float, float]:
        return 60 + share * (WIDTH - 90), height - 40 - min(wrong, 0.1) * 10 * (height - 70)

    parts = [HEAD.format(w=WIDTH, h=height), f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    for percent in (0, 1, 2, 5, 10):
        y = place(0, percent / 100)[1]
        parts.append(f'<path d="M60 {y:.1f}H{WIDTH - 30}" stroke="#ddd"/>')
        parts.append(f'<text x="52" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    for percent in (0, 25, 50, 75, 90, 100):
        x = place(percent / 100, 0)[0]
        parts.append(f'<path d="M{x:.1f} 30V{height - 40}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 24}" text-anchor="middle">{percent} %</text>')
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(share, wrong) for _, share, wrong in curve))
    parts.append(f'<polyline points="{points}" fill="none" stroke="#2a6" stroke-width="2"/>')
    ring = next(((share, wrong) for threshold, share, wrong in curve if threshold >= chosen), None)
    if ring:
        x, y = place(*ring)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke="#c33" stroke-width="2"/>')
    parts.append(f'<text x="{WIDTH / 2}" y="{height - 6}" text-anchor="middle">related pairs corrected</text>')
    parts.append('<text x="60" y="20">corrections that are wrong</text>')
    return "\n".join([*parts, "</svg>", ""])
