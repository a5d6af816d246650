"""Runs the benchmarks and prints one table.

python -m tests.bench [rows…] [--quick] [--home NAME] [--chart FILE]
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.bench.chart import drawn
from tests.bench.figures import Line, rendered
from tests.bench.homes import ROOT, Home, homes
from tests.bench.machine import described
from tests.bench.rows import ROWS, SIDE_BY_SIDE

children: list[subprocess.Popen[str]] = []
"""What measures now, to be ended when we are told to end."""


def main() -> int:
    """The exit status: 0 when everything that was asked for could be measured."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, _end)
    began, lines, broken = time.monotonic(), [], []
    with homes() as (found, servers_are):
        say(f"{described()}. {servers_are}")
        wanted = [home for home in found if home.name.startswith(chosen.home)]
        for name in chosen.rows or ROWS:
            say(f"-- {name}: {ROWS[name]}")
            at_once = len(wanted) if chosen.quick or name in SIDE_BY_SIDE else 1
            with ThreadPoolExecutor(at_once) as pool:
                measure = partial(_measured, name, quick=chosen.quick, broken=broken)
                lines += [line for part in pool.map(measure, wanted) for line in part]
    say(rendered(lines))
    if chosen.chart:
        say(_draw(lines, chosen.chart))
    for what in broken:
        say(f"COULD NOT MEASURE: {what}")
    say(f"Done in {time.monotonic() - began:.0f} s on {described()}.")
    return 1 if broken else 0


def _draw(lines: list[Line], file: Path) -> str:
    """What became of the chart."""
    try:
        file.write_text(drawn(lines, title=f"Answers a second, {described(load=False)}"))
    except ValueError as error:
        return f"No chart: {error}"
    return f"The chart: {file}"


def _end(*_: object) -> None:
    for child in children:
        child.terminate()
    raise SystemExit(1)  # so that databases of ours go


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="small numbers, side by side")
    parser.add_argument("--home", default="", help="only on homes whose name starts with this")
    parser.add_argument(
        "--chart",
        nargs="?",
        type=Path,
        const=ROOT / "docs/images/intake.svg",
        help="draw the rates of the row intake, in docs/images/intake.svg",
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.rows) - set(ROWS):
        parser.error(f"There is no row {sorted(unknown)[0]}; choose from {', '.join(ROWS)}.")
    return chosen


def _measured(name: str, home: Home, *, quick: bool, broken: list[str]) -> list[Line]:
    with home.fresh() as database, tempfile.TemporaryDirectory(prefix="meshes-bench-") as folder:
        command = [sys.executable, "-m", "tests.bench.child", name, home.name, folder]
        command += ["--quick"] if quick else []
        child = subprocess.Popen(
            command, cwd=ROOT, env=home.environment(database), stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        lines = list(_heard(child))
        if child.wait() != 0:
            broken.append(f"{name} on {home.name}")
    return lines


def _heard(child: subprocess.Popen[str]) -> Iterator[Line]:
    for text in child.stdout or ():
        line = Line(**json.loads(text))
        say(f"   {line.home}, {line.case}: {line.measured} {line.note}")
        yield line


def say(text: str) -> None:
    """A line for the person who waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
