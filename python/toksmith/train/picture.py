"""Curves as a picture: a small SVG, with nothing to install."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 20, 50
_COLOURS = ("#0b62a4", "#c8502b", "#3a8f3a", "#7a4fa3", "#8a6d1f")
_TICKS = 5


@dataclass(frozen=True)
class Curve:
    """A named line through points."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def picture(curves: Sequence[Curve], x_label: str, y_label: str) -> str:
    """An SVG document with the curves in one frame that begins at zero and holds them all."""
    most_x = _round_up(max((x for curve in curves for x in curve.x), default=1.0))
    most_y = _round_up(max((y for curve in curves for y in curve.y), default=1.0))
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + across * x / most_x, _TOP + down * (1 - y / most_y)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12" fill="#222">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for tick in range(_TICKS + 1):
        x, y = most_x * tick / _TICKS, most_y * tick / _TICKS
        (right, foot), (left, level) = place(x, 0), place(0, y)
        parts += [
            f'<path d="M{left:.1f} {level:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>',
            f'<text x="{right:.1f}" y="{foot + 16:.1f}" text-anchor="middle">{x:,.6g}</text>',
            f'<text x="{left - 6:.1f}" y="{level + 4:.1f}" text-anchor="end">{y:,.6g}</text>',
        ]
    middle = _TOP + down / 2
    parts += [
        (
            f'<text x="{_LEFT + across / 2}" y="{_HEIGHT - 12}" text-anchor="middle">'
            f"{escape(x_label)}</text>"
        ),
        (
            f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">'
            f"{escape(y_label)}</text>"
        ),
    ]
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [place(x, y) for x, y in zip(curve.x, curve.y, strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if curve.name:
            parts.append(
                f'<text x="{_LEFT + 12}" y="{_TOP + 18 + 16 * number}" fill="{colour}">'
                f"{escape(curve.name)}</text>"
            )
    return "\n".join([*parts, "</svg>", ""])


def _round_up(value: float) -> float:
    """A number of one digit, or one and a half, that is not below."""
    if not value > 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * unit >= value)
