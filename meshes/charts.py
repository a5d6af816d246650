"""Small bar charts as plain numbers that a template draws; no script, no style attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 48
STEP = 10
GAP = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar. Units: of the drawing; `tone` colors it."""

    x: int
    y: float
    height: float
    tone: str
    width: int = STEP - GAP


@dataclass(frozen=True, slots=True)
class Bars:
    """A drawing of bars and what it says in words.

    Shape: `slots` has the place of each bar and a sentence about it, for
    people who point at it.
    """

    parts: tuple[Part, ...]
    slots: tuple[tuple[int, str], ...]
    width: int
    label: str
    most: int
    height: int = HEIGHT
    step: int = STEP


def bars(series: Sequence[Sequence[tuple[int, str]]], *, titles: Sequence[str], label: str) -> Bars:
    """The drawing of stacked bars.

    Shape: each bar is its pieces from the bottom up, a number and a tone
    (`good bad wait held busy off`); `label` says what the chart shows.
    """
    sums = [sum(number for number, _ in bar) for bar in series]
    most = max(sums, default=0)
    parts: list[Part] = []
    for place, bar in enumerate(series):
        parts += _stacked(place * STEP, bar, most)
    slots = tuple((place * STEP, title) for place, title in enumerate(titles))
    width = max(STEP, len(series) * STEP - GAP)
    return Bars(tuple(parts), slots, width, label, most)


def _stacked(x: int, bar: Sequence[tuple[int, str]], most: int) -> list[Part]:
    top, parts = float(HEIGHT), []
    for number, tone in bar:
        if number:
            height = max(1.5, round(HEIGHT * number / most, 2))
            top = max(0.0, round(top - height, 2))
            parts.append(Part(x, top, height, tone))
    return parts
