from __future__ import annotations

from tests.bench.child import measures
from tests.bench.rows import ROWS


def test_every_row_has_a_measure_and_every_measure_a_row() -> None:
    assert set(measures()) == set(ROWS)
