"""What one measurement is given: where it runs, how thorough it is, and how it reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.figures import Line
from tests.workers import Worker, running

AS_OPERATORS_DO = {"WORKER_PROCESSES": "3", "LOG_LEVEL": "INFO"}
"""The defaults, which the helpers of the tests replace."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of one row on one home.

    Shape: `quick` asks for small numbers and fewer cases.
    """

    row: str
    home: str
    folder: Path
    quick: bool

    def line(self, case: str, **parts: Any) -> Line:
        """A line of the table for this row."""
        return Line(row=self.row, case=case, home=self.home, **parts)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """One running `manage.py worker`."""
        with running(self.folder / "worker.log", **AS_OPERATORS_DO) as worker:
            yield worker
