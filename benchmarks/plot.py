"""The ratios as a picture."""

import math
from collections.abc import Sequence
from html import escape

from .figures import Figure

_ROW, _LEFT, _WIDTH, _TOP, _RIGHT = 24, 330, 420, 56, 60
_MEASURES = {"wall": ("time", "#2563eb"), "cpu": ("processor time", "#f59e0b"), "memory": ("memory", "#6b7280")}
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def plot(figures: Sequence[Figure]) -> str:
    """An SVG: a row a figure, a dot a ratio, the scale logarithmic, a line where both are alike."""
    ratios = [figure.ratio(of) for figure in figures for of in _MEASURES]
    ticks = [tick for tick in _TICKS if min(*ratios, 0.7) / 2 <= tick <= max(*ratios, 1.5) * 2]
    low, high = math.log(min(*ratios, ticks[0])), math.log(max(*ratios, ticks[-1]))

    def at(ratio: float) -> float:
        return _LEFT + (math.log(ratio) - low) / (high - low) * _WIDTH

    height, width = _TOP + _ROW * len(figures) + 16, _LEFT + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (name, colour) in enumerate(_MEASURES.values()):
        x = _LEFT + number * 140
        parts.append(f'<circle cx="{x}" cy="16" r="5" fill="{colour}"/><text x="{x + 10}" y="20">{name}</text>')
    for tick in ticks:
        colour, x = ("#111827" if tick == 1 else "#e5e7eb"), at(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{height - 12}" stroke="{colour}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP - 12}" text-anchor="middle" fill="#6b7280">{tick:g}x</text>')
    for row, figure in enumerate(figures):
        y = _TOP + _ROW * row + _ROW / 2
        label = f"{figure.what}, {figure.size:,}" if figure.size else figure.what
        parts.append(f'<text x="{_LEFT - 14}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        for of, (name, colour) in reversed(_MEASURES.items()):
            reported = f"{label}: {figure.ratio(of):.2f} times the {name} of {figure.against}"
            parts.append(
                f'<circle cx="{at(figure.ratio(of)):.1f}" cy="{y:.1f}" r="5" fill="{colour}">'
                f"<title>{escape(reported)}</title></circle>"
            )
    return "\n".join([*parts, "</svg>"]) + "\n"
