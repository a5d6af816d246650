from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.chart import drawn
from tests.bench.figures import Line

SVG = "{http://www.w3.org/2000/svg}"


def line(case: str, bar: float | None, *, home: str = "SQLite") -> Line:
    return Line("intake", case, home, "a figure", bar=bar)


def test_the_longest_bar_comes_first_and_ours_is_marked() -> None:
    picture = drawn([line("Meshes", 500.0), line("bare", 2000.0), line("CPU", None)], title="Rates")

    root = ElementTree.fromstring(picture)  # noqa: S314  our own text
    texts = [text.text for text in root.iter(f"{SVG}text")]
    bars = [(bar.get("class"), bar.get("width")) for bar in root.iter(f"{SVG}rect")]
    assert texts == ["SQLite", "bare", "2,000", "Meshes", "500"]
    assert bars == [("bar", "440"), ("ours", "110")]


def test_every_home_has_a_group_of_its_own() -> None:
    lines = [line("Meshes", 1.0, home="SQLite"), line("Meshes", 2.0, home="PostgreSQL")]

    root = ElementTree.fromstring(drawn(lines, title="Rates"))  # noqa: S314  our own text

    titles = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert titles == ["PostgreSQL", "SQLite"]


def test_names_are_escaped() -> None:
    assert "a &lt; b" in drawn([line("a < b", 1.0)], title="Rates")


def test_lines_without_bars_make_no_picture() -> None:
    with pytest.raises(ValueError, match="choose intake"):
        drawn([line("CPU", None)], title="Rates")
