"""A bar chart of leaks by module, before and after, as a self-contained SVG file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from codemods.reports.console import visible

LETTER = 7.2
"""The rough width of a letter of a label."""
TITLE_LETTER = 9.5
WIDTH = 860
"""The width of a chart whose texts are not long; others are wider, so that no text is cut."""
AXIS = 420
"""The least width of the axis."""
ROW, BAR = 38, 13
TOP, BOTTOM, RIGHT = 96, 46, 96

STYLE = """
svg { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.paper { fill: #ffffff; }
text { fill: #24292f; }
.title { font-size: 18px; font-weight: 600; }
.quiet { fill: #57606a; font-size: 12px; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.before { fill: #afb8c1; }
.after { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  .paper { fill: #0d1117; }
  text { fill: #e6edf3; }
  .quiet { fill: #8d96a0; }
  .grid { stroke: #30363d; }
  .before { fill: #6e7681; }
  .after { fill: #58a6ff; }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One module: its leaks before and after. Without a ``remark``, nothing is known about after."""

    name: str
    before: int
    after: int = 0
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the bars are: their left edge, the width of the axis, its step and its end in leaks."""

    left: float
    width: float
    step: int
    end: int

    def length(self, leaks: int) -> float:
        return self.width * leaks / self.end


def draw(title: str, subtitle: str, bars: Sequence[Bar], names: tuple[str, str]) -> bytes:
    """The chart as SVG. ``names`` are those of before and after in its legend."""
    is_measured = any(bar.remark is not None for bar in bars)
    left = 24 + LETTER * max((len(visible(bar.name)) for bar in bars), default=0)
    step, end = _scale(max((max(bar.before, bar.after) for bar in bars), default=0))
    texts = (
        TITLE_LETTER * len(visible(title)),
        LETTER * len(visible(subtitle)),
        sum(44 + LETTER * len(visible(name)) for name in names),
    )
    right = max(RIGHT, *(16 + LETTER * len(visible(bar.remark or "")) for bar in bars)) if bars else RIGHT
    whole = math.ceil(max(WIDTH, left + AXIS + right, 48 + max(texts)))
    frame = _Frame(left, whole - left - right, step, end)
    svg = _canvas(title, subtitle, whole, TOP + ROW * len(bars) + BOTTOM)
    _legend(svg, names if is_measured else names[:1])
    _grid(svg, frame, TOP + ROW * len(bars))
    for row, bar in enumerate(bars):
        _draw_bar(svg, frame, TOP + ROW * row, bar, is_measured=is_measured)
    ElementTree.indent(svg)
    return f"{ElementTree.tostring(svg, 'unicode')}\n".encode()


def _canvas(title: str, subtitle: str, width: int, height: int) -> Element:
    svg = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=str(width),
        height=str(height),
        role="img",
    )
    SubElement(svg, "title").text = visible(title)
    SubElement(svg, "desc").text = visible(subtitle)
    SubElement(svg, "style").text = STYLE
    SubElement(svg, "rect", {"class": "paper", "width": str(width), "height": str(height)})
    _text(svg, 24, 32, title, "title")
    _text(svg, 24, 54, subtitle, "quiet")
    return svg


def _grid(svg: Element, frame: _Frame, bottom: int) -> None:
    for number in range(0, frame.end + 1, frame.step):
        x = frame.left + frame.length(number)
        line = {"class": "grid", "x1": _at(x), "x2": _at(x), "y1": str(TOP), "y2": str(bottom)}
        SubElement(svg, "line", line)
        _text(svg, x, bottom + 18, f"{number:,}", "quiet", "middle")
    _text(svg, frame.left + frame.width / 2, bottom + 36, "leaks", "quiet", "middle")


def _draw_bar(svg: Element, frame: _Frame, top: int, bar: Bar, *, is_measured: bool) -> None:
    """The label of a bar with its one or two rectangles, in a row that starts at ``top``."""
    y = top + (ROW - 2 * BAR) / 2
    group = SubElement(svg, "g")
    SubElement(group, "title").text = visible(_sentence(bar))
    _text(group, frame.left - 10, top + ROW / 2 + 4.5, bar.name, "", "end")
    drawn = [("before", bar.before, f"{bar.before:,}", y if is_measured else y + BAR / 2)]
    drawn += [] if bar.remark is None else [("after", bar.after, bar.remark, y + BAR)]
    for kind, leaks, remark, start in drawn:
        length = frame.length(leaks)
        rectangle = {"class": kind, "x": _at(frame.left), "y": _at(start), "width": _at(length)}
        SubElement(group, "rect", rectangle | {"height": str(BAR - 1)})
        _text(group, frame.left + length + 6, start + BAR - 2.5, remark, "quiet")


def _legend(svg: Element, names: Sequence[str]) -> None:
    x = 24.0
    for kind, name in zip(("before", "after"), names, strict=False):
        SubElement(
            svg, "rect", {"class": kind, "x": _at(x), "y": "68", "width": "12", "height": "12", "rx": "2"}
        )
        _text(svg, x + 18, 78.5, name, "quiet")
        x += 44 + LETTER * len(visible(name))


def _text(parent: Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> None:
    attributes = {"x": _at(x), "y": _at(y), "text-anchor": anchor}
    SubElement(parent, "text", attributes | ({"class": kind} if kind else {})).text = visible(text)


def _sentence(bar: Bar) -> str:
    return f"{bar.name}: {bar.before:,} leaks" + ("" if bar.remark is None else f", then {bar.remark}")


def _scale(largest: int) -> tuple[int, int]:
    """A round step for the axis, and its end, after about five steps."""
    rough = max(largest, 5) / 5
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(int(factor * magnitude) for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    return step, step * max(math.ceil(largest / step), 1)


def _at(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
