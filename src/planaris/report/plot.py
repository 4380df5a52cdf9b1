"""Charts as inline SVG. Drawn here and not by a plotting library because the page's own style sheet must reach them:
one chart serves light, dark and print, hovering names each mark, and a whole report takes a fraction of a second."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planaris.report.text import esc

Floats = NDArray[np.float64]
Span = tuple[float, float]

# Radius 1 shapes: a head is known by its shape as well as by its colour.
_SHAPES = (
    '<circle r="1"/>',
    '<rect x="-.9" y="-.9" width="1.8" height="1.8"/>',
    '<path d="M0-1.15 1.1.8H-1.1Z"/>',
    '<path d="M0-1.25 1.25 0 0 1.25-1.25 0Z"/>',
)
_GLYPHS = ("●", "■", "▲", "◆")


def glyph(head: int) -> str:
    """Return a head's mark as a character; '' for no head."""
    return _GLYPHS[(head - 1) % len(_GLYPHS)] if head > 0 else ""


def head_style(head: int) -> str:
    """Return a head's style class."""
    return f"h{(head - 1) % len(_SHAPES) + 1}" if head > 0 else "h0"


def span_of(values: Iterable[float], margin_ratio: float = 0.08) -> Span:
    """Return a range that holds all finite values with some air; (0, 1) where there is none."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = (high - low) * margin_ratio or max(abs(high) * 0.05, 0.5)
    return low - air, high + air


def ticks(span: Span, about: int = 5) -> list[float]:
    """Return round numbers inside a range, about as many as asked."""
    low, high = span
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    # 25, 250 … but not 2.5 or 0.25: a tick must not need a digit more than its neighbours.
    step = next(
        (m * power for m in ((1, 2, 2.5, 5) if power >= 10 else (1, 2, 5)) if m * power >= rough * 0.999), 10 * power
    )
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of a chart and margins around its plotting area, in pixels."""

    width: int
    height: int
    left: int = 52
    right: int = 12
    top: int = 10
    bottom: int = 38


class Plot:
    """One chart with linear axes. Marks are added in drawing order; ``svg`` returns the whole."""

    def __init__(self, name: str, frame: Frame, x: Span, y: Span) -> None:
        self._name = name
        self._frame = frame
        self._x, self._y = x, y
        self._under: list[str] = []
        self._marks: list[str] = []
        self._over: list[str] = []

    def px(self, x: float) -> float:
        """Return a value's place from the left."""
        f = self._frame
        return f.left + (x - self._x[0]) / (self._x[1] - self._x[0]) * (f.width - f.left - f.right)

    def py(self, y: float) -> float:
        """Return a value's place from the top."""
        f = self._frame
        return f.height - f.bottom - (y - self._y[0]) / (self._y[1] - self._y[0]) * (f.height - f.top - f.bottom)

    def axis_x(self, label: str, at: Sequence[float] | None = None, names: Sequence[str] | None = None) -> None:
        """Draw ticks and label below; ``names`` replaces the numbers."""
        f = self._frame
        places = ticks(self._x, max(3, (f.width - f.left - f.right) // 70)) if at is None else list(at)
        base = f.height - f.bottom
        shown = tick_names(places) if names is None else list(names)
        for place, name in zip(places, shown, strict=True):
            self._over.append(f'<path class="tick" d="M{self.px(place):.1f} {base}v4"/>')
            self._over.append(_label(self.px(place), base + 16, name, "tl", "middle"))
        middle = (f.left + f.width - f.right) / 2
        self._over.append(_label(middle, f.height - 4, label, "al", "middle"))

    def axis_y(self, label: str, about: int = 5) -> None:
        """Draw grid lines and numbers on the left and the label upright beside them."""
        f = self._frame
        places = ticks(self._y, about)
        for place, name in zip(places, tick_names(places), strict=True):
            self._under.append(f'<path class="grid" d="M{f.left} {self.py(place):.1f}H{f.width - f.right}"/>')
            self._over.append(_label(f.left - 6, self.py(place) + 4, name, "tl", "end"))
        if label:
            middle = (f.top + f.height - f.bottom) / 2
            self._over.append(
                f'<text class="al" text-anchor="middle" transform="translate(13 {middle:.0f}) rotate(-90)">'
                f"{esc(label)}</text>"
            )

    def rows(self, names: Sequence[str]) -> None:
        """Name the unit rows of y from the top down and draw lines between them."""
        f = self._frame
        for k, name in enumerate(names):
            place = self.py(len(names) - k)
            self._under.append(f'<path class="row" d="M{f.left} {place:.1f}H{f.width - f.right}"/>')
            self._over.append(_label(f.left - 6, (place + self.py(len(names) - k - 1)) / 2 + 4, name, "tl", "end"))

    def line(self, x: Sequence[float] | Floats, y: Sequence[float] | Floats, style: str, title: str = "") -> None:
        """Draw a line through the finite points; a gap stays a gap."""
        path = self._path(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        if path:
            self._marks.append(f'<path class="ln {style}" d="{path}">{_title(title)}</path>')

    def _path(self, x: Floats, y: Floats) -> str:
        good = np.isfinite(x) & np.isfinite(y)
        parts: list[str] = []
        pen = "M"
        for ok, place_x, place_y in zip(good.tolist(), self.px_of(x).tolist(), self.py_of(y).tolist(), strict=True):
            if ok:
                parts.append(f"{pen}{place_x:.1f} {place_y:.1f}")
                pen = "L"
            else:
                pen = "M"
        return "".join(parts)

    def px_of(self, x: Floats) -> Floats:
        """Return places from the left of an array."""
        return self.px(0.0) + x * (self.px(1.0) - self.px(0.0))

    def py_of(self, y: Floats) -> Floats:
        """Return places from the top of an array."""
        return self.py(0.0) + y * (self.py(1.0) - self.py(0.0))

    def area(self, x: Floats, low: Floats, high: Floats, style: str, title: str = "") -> None:
        """Fill between two curves."""
        path = self._path(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]))
        if path:
            self._marks.append(f'<path class="{style}" d="{path}Z">{_title(title)}</path>')

    def mark(self, x: float, y: float, head: int, title: str = "", size: float = 5.0) -> None:
        """Draw a head's shape in its colour; nothing where a value is missing."""
        if math.isfinite(x) and math.isfinite(y):
            shape = _SHAPES[(head - 1) % len(_SHAPES)] if head > 0 else _SHAPES[0]
            self._marks.append(
                f'<g class="mk {head_style(head)}" transform="translate({self.px(x):.1f} {self.py(y):.1f}) '
                f'scale({size})">{_title(title)}{shape}</g>'
            )

    def error_bar(self, x: float, low: float, high: float, style: str) -> None:
        """Draw a vertical bar with end caps."""
        if math.isfinite(low) and math.isfinite(high):
            place, bottom, top = self.px(x), self.py(low), self.py(high)
            self._marks.append(
                f'<path class="eb {style}" d="M{place:.1f} {bottom:.1f}V{top:.1f}'
                f'M{place - 3:.1f} {bottom:.1f}h6M{place - 3:.1f} {top:.1f}h6"/>'
            )

    def band_x(self, span: Span, style: str, title: str = "") -> None:
        """Shade a range of x over the whole height, behind everything."""
        f = self._frame
        start, end = self.px(max(span[0], self._x[0])), self.px(min(span[1], self._x[1]))
        if end > start:
            self._under.append(_rect((start, f.top), (end - start, f.height - f.top - f.bottom), style, title))

    def band_y(self, span: Span, style: str, title: str = "") -> None:
        """Shade a range of y over the whole width, behind everything."""
        f = self._frame
        top, bottom = self.py(min(span[1], self._y[1])), self.py(max(span[0], self._y[0]))
        if bottom > top:
            self._under.append(_rect((f.left, top), (f.width - f.left - f.right, bottom - top), style, title))

    def bar(self, start: Span, size: Span, style: str, title: str = "") -> None:
        """Draw a rectangle from ``(x, y)`` to ``(x + w, y + h)`` in data units."""
        x, y = self.px(start[0]), self.py(start[1] + size[1])
        width, height = self.px(start[0] + size[0]) - x, self.py(start[1]) - y
        self._marks.append(_rect((x, y), (max(width, 0.6), max(height, 0.0)), style, title))

    def rule_y(self, y: float, style: str, name: str = "") -> None:
        """Draw a horizontal line at a value, with its name at the right end."""
        if self._y[0] <= y <= self._y[1]:
            f = self._frame
            self._marks.append(f'<path class="{style}" d="M{f.left} {self.py(y):.1f}H{f.width - f.right}"/>')
            if name:
                self._over.append(_label(f.width - f.right - 4, self.py(y) - 5, name, "nt", "end"))

    def note(self, x: float, y: float, text: str, *, dx: float = 0.0, dy: float = 0.0) -> None:
        """Write beside a point."""
        if math.isfinite(x) and math.isfinite(y):
            self._over.append(_label(self.px(x) + dx, self.py(y) + dy, text, "nt", "start"))

    def write(self, x: float, y: float, text: str, style: str) -> None:
        """Write centred on a place given in pixels."""
        self._over.append(_label(x, y, text, style, "middle"))

    def svg(self, label: str) -> str:
        """Return the chart; ``label`` tells a screen reader what it shows."""
        f = self._frame
        width, height = f.width - f.left - f.right, f.height - f.top - f.bottom
        clip = f"clip-{self._name}"
        return (
            f'<svg class="plot" viewBox="0 0 {f.width} {f.height}" role="img" aria-label="{esc(label)}">'
            f'<clipPath id="{clip}"><rect x="{f.left}" y="{f.top}" width="{width}" height="{height}"/></clipPath>'
            f"{''.join(self._under)}"
            f'<rect class="frame" x="{f.left}" y="{f.top}" width="{width}" height="{height}"/>'
            f'<g clip-path="url(#{clip})">{"".join(self._marks)}</g>{"".join(self._over)}</svg>'
        )


def tick_names(places: Sequence[float]) -> list[str]:
    """Return tick numbers with as many digits as their step needs."""
    if len(places) < 2:
        return [f"{place:.4g}" for place in places]
    step = abs(places[1] - places[0])
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**digits - round(step * 10**digits)) > 1e-6:
        digits += 1
    return [f"{place:.{digits}f}".replace("-", "−") for place in places]


def _title(text: str) -> str:
    return f"<title>{esc(text)}</title>" if text else ""


def _label(x: float, y: float, text: str, style: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{esc(text)}</text>'


def _rect(place: Span, size: Span, style: str, title: str) -> str:
    box = f'x="{place[0]:.1f}" y="{place[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"'
    return f'<rect class="{style}" {box}>{_title(title)}</rect>' if title else f'<rect class="{style}" {box}/>'
