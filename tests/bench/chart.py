"""Draws the lines that have a bar as one picture. Pure: it makes text and writes no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from operator import attrgetter

from tests.bench.figures import Line

OURS = "Meshes"
WIDTH, LABELS, BARS = 760, 210, 440
ROW, TITLE, EDGE = 26, 40, 16
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.bar { fill: #8c959f; }
.ours { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .bar { fill: #6e7681; }
  .ours { fill: #4493f8; }
}
"""


def drawn(lines: Sequence[Line], *, title: str) -> str:
    """An SVG with a group of bars for each home, the longest first.

    Shape: it has no background, and its colors follow the reader's light or dark.
    Raises: ValueError when no line has a bar.
    """
    found = [line for line in lines if line.bar is not None]
    if not found:
        raise ValueError("None of the chosen rows has a chart; choose intake.")
    longest = max(line.bar or 0.0 for line in found)
    parts, y = [], EDGE
    for home, group in groupby(sorted(found, key=attrgetter("home")), key=attrgetter("home")):
        y += TITLE
        parts.append(f'<text class="title" x="{EDGE}" y="{y - 14}">{escape(home)}</text>')
        for line in sorted(group, key=_value, reverse=True):
            parts += _bar(line, y, longest=longest)
            y += ROW
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + EDGE}" '
        f'width="{WIDTH}" height="{y + EDGE}" role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _value(line: Line) -> float:
    return line.bar or 0.0


def _bar(line: Line, y: int, *, longest: float) -> Iterator[str]:
    value = _value(line)
    width = max(1, round(BARS * value / longest))
    kind = "ours" if line.case == OURS else "bar"
    yield f'<text x="{LABELS}" y="{y + 13}" text-anchor="end">{escape(line.case)}</text>'
    yield f'<rect class="{kind}" x="{LABELS + 10}" y="{y}" width="{width}" height="18" rx="3"/>'
    yield f'<text x="{LABELS + 18 + width}" y="{y + 13}">{value:,.0f}</text>'
