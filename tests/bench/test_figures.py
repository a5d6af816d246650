from __future__ import annotations

import pytest

from tests.bench.figures import Line, at_least, at_most, milliseconds, percentile, rendered


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5.0), (0.9, 9.0), (0.91, 10.0), (1.0, 10.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(10, 0, -1)], share) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to take a percentile of"):
        percentile([], 0.5)


def test_milliseconds_name_the_median_the_ninth_decile_and_the_maximum() -> None:
    assert milliseconds([0.1, 0.2, 0.3]) == "p50 200, p90 300, max 300 ms"


@pytest.mark.parametrize(
    ("value", "within"), [(1.1, True), (1.104, True), (1.106, False), (0.2, True), (3.0, False)]
)
def test_a_figure_is_judged_as_it_is_printed(value: float, within: bool) -> None:
    parts = at_most(value, 1.10, unit="×")

    assert parts == {"measured": f"{value:.2f}×", "aim": "≤ 1.10×", "within": within}


def test_the_table_marks_what_misses_its_aim_and_puts_notes_below() -> None:
    good = Line("drain", "1 account", "SQLite", "1.05×", aim="≤ 1.10×", within=True)
    bad = Line("drain", "20 accounts", "SQLite", "1.45×", "≤ 1.10×", within=False, note="Why.")

    table = rendered([good, bad]).splitlines()

    assert table == [
        "row    case         home    aim      measured",
        "-----  -----------  ------  -------  --------  ------",
        "drain  1 account    SQLite  ≤ 1.10×  1.05×     within",
        "drain  20 accounts  SQLite  ≤ 1.10×  1.45×     MISSED",
        "",
        "Notes",
        "drain, 20 accounts, SQLite: Why.",
    ]


def test_a_figure_without_an_aim_is_not_judged() -> None:
    table = rendered([Line("isolation", "alone", "SQLite", "p50 50 ms")])

    assert "within" not in table
    assert "MISSED" not in table
    assert "Notes" not in table


@pytest.mark.parametrize(("value", "within"), [(2.5, True), (2.496, True), (2.494, False)])
def test_a_figure_that_must_be_large_is_judged_as_it_is_printed(value: float, within: bool) -> None:
    parts = at_least(value, 2.5, unit="×")

    assert parts == {"measured": f"{value:.2f}×", "aim": "≥ 2.50×", "within": within}
