"""Bars as numbers: as high as they count, stacked from the bottom, never invisible."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshes.charts import HEIGHT, Part, bars


def test_bars_stand_beside_each_other_and_pieces_on_each_other() -> None:
    chart = bars([[(3, "good"), (1, "bad")], [(2, "good")]], titles=["Mon", "Tue"], label="Sent")

    assert chart.parts == (
        Part(0, 12.0, 36.0, "good"),
        Part(0, 0.0, 12.0, "bad"),
        Part(10, 24.0, 24.0, "good"),
    )
    assert (chart.width, chart.most, chart.slots) == (18, 4, ((0, "Mon"), (10, "Tue")))


def test_nothing_counted_draws_nothing() -> None:
    assert bars([[(0, "good")], []], titles=["", ""], label="Sent").parts == ()
    assert bars([], titles=[], label="Sent").most == 0


@given(st.lists(st.lists(st.tuples(st.integers(0, 10**6), st.just("good")), max_size=4)))
def test_every_count_shows_and_stays_inside(series: list[list[tuple[int, str]]]) -> None:
    parts = bars(series, titles=[""] * len(series), label="Sent").parts

    assert len(parts) == sum(1 for bar in series for number, _ in bar if number)
    assert all(0 <= part.y < HEIGHT and part.height >= 1.5 for part in parts)
