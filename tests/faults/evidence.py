"""What a broken run leaves for whoever looks into it: rows and calls as lines of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.happened import Happened
from tests.faults.sandboxes import Call


def keep(
    folder: Path, *, happened: Happened, calls: Iterable[Call], others: dict[str, Any]
) -> None:
    """Write deliveries, attempts and calls, a file each, and one with the rest."""
    _write(folder / "deliveries.jsonl", map(dataclasses.asdict, happened.deliveries))
    _write(folder / "attempts.jsonl", map(dataclasses.asdict, happened.attempts))
    _write(folder / "calls.jsonl", (call._asdict() for call in calls))
    _write(folder / "others.jsonl", ({name: value} for name, value in others.items()))


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w") as file:
        file.writelines(json.dumps(row, default=str) + "\n" for row in rows)
