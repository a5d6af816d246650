"""Figures and the table that they are printed in. Pure: nothing is measured here."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COLUMNS = ("row", "case", "home", "aim", "measured", "")
NOTE_WIDTH = 116


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Shape: `within` is None where there is no aim to compare with; `note` says
    what a reader needs to judge the figure; `bar` is what a chart draws, in
    answers a second.
    """

    row: str
    case: str
    home: str
    measured: str
    aim: str = ""
    within: bool | None = None
    note: str = ""
    bar: float | None = None


def at_least(value: float, aim: float, *, digits: int = 2, unit: str = "") -> dict[str, object]:
    """The parts of a line whose figure must not be smaller than its aim."""
    return {
        "measured": f"{value:.{digits}f}{unit}",
        "aim": f"≥ {aim:.{digits}f}{unit}",
        "within": round(value, digits) >= aim,
    }


def at_most(value: float, aim: float, *, digits: int = 2, unit: str = "") -> dict[str, object]:
    """The parts of a line whose figure must not be larger than its aim."""
    return {
        "measured": f"{value:.{digits}f}{unit}",
        "aim": f"≤ {aim:.{digits}f}{unit}",
        "within": round(value, digits) <= aim,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed.

    Raises: ValueError when there are no values.
    """
    if not values:
        raise ValueError("There is nothing to take a percentile of.")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(values: Sequence[float]) -> str:
    """Median, ninth decile and maximum of seconds, for people."""
    cuts = (percentile(values, 0.5), percentile(values, 0.9), max(values))
    return "p50 {:.0f}, p90 {:.0f}, max {:.0f} ms".format(*(cut * 1000 for cut in cuts))


def rendered(lines: Iterable[Line]) -> str:
    """The table as text, with the notes below it."""
    lines = list(lines)
    cells = [COLUMNS, *(_cells(line) for line in lines)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(COLUMNS))]
    table = ["  ".join(_padded(row, widths)).rstrip() for row in cells]
    table.insert(1, "  ".join("-" * width for width in widths).rstrip())
    return "\n".join([*table, *_notes(lines)])


def _cells(line: Line) -> tuple[str, ...]:
    mark = {True: "within", False: "MISSED", None: ""}[line.within]
    return (line.row, line.case, line.home, line.aim, line.measured, mark)


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [text.ljust(width) for text, width in zip(row, widths, strict=True)]


def _notes(lines: Sequence[Line]) -> list[str]:
    noted = [f"{line.row}, {line.case}, {line.home}: {line.note}" for line in lines if line.note]
    wrapped = [textwrap.fill(note, NOTE_WIDTH, subsequent_indent="    ") for note in noted]
    return ["", "Notes", *wrapped] if wrapped else []
