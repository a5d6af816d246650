"""One row on one home, in a process whose settings are that home's.

    python -m tests.bench.child ROW HOME FOLDER [--quick]

Prints each line of the table as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import django

from tests.bench.figures import Line


def measures() -> dict[str, Callable[..., Iterator[Line]]]:
    """Every row's name with the function that measures it."""
    from tests.bench import (
        bulk,
        calls,
        claims,
        drain,
        history,
        intake,
        isolation,
        kills,
        load,
        looks,
        matching,
        memory,
        replay,
        retention,
        servers,
    )

    return {
        "drain": drain.measure,
        "calls": calls.measure,
        "load": load.measure,
        "claims": claims.measure,
        "looks": looks.measure,
        "history": history.measure,
        "retention": retention.measure,
        "isolation": isolation.measure,
        "replay": replay.measure,
        "kills": kills.measure,
        "intake": intake.measure,
        "bulk": bulk.measure,
        "matching": matching.measure,
        "servers": servers.measure,
        "memory": memory.measure,
    }


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, _end)
    django.setup()
    from tests.bench.bench import Bench

    row, home, folder, *options = sys.argv[1:]
    bench = Bench(row=row, home=home, folder=Path(folder), quick="--quick" in options)
    for line in measures()[row](bench):
        sys.stdout.write(json.dumps(asdict(line)) + "\n")
        sys.stdout.flush()
    return 0


def _end(*_: object) -> None:
    raise SystemExit(1)  # so that the worker and the sandboxes go


if __name__ == "__main__":
    sys.exit(main())
