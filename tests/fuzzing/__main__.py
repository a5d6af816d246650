"""Fuzzes the ingest addresses on SQLite and PostgreSQL, each in a process of its own, side by side.

python -m tests.fuzzing [--inputs 100000] [--seed N] [--minutes N] [--home NAME]
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.faults.saying import say

INPUTS, MINUTES = 100_000, 40


def main() -> int:
    """0 when nothing was wrong on any database."""
    asked = _arguments()
    if asked.child:
        return _child(asked)
    from tests.bench.homes import homes

    say(f"Seed {asked.seed}. Repeat with: --seed {asked.seed}")
    with homes() as (found, servers_are):
        say(servers_are)
        chosen = [home for home in found if home.name.startswith(asked.home)]
        share = -(-asked.inputs // max(1, len(chosen)))
        with ThreadPoolExecutor() as pool:
            codes = list(pool.map(lambda home: _run(home, share, asked), chosen))
        failed = [home.name for home, code in zip(chosen, codes, strict=True) if code != 0]
    for name in failed:
        say(f"FAILED on {name}")
    return int(bool(failed) or not chosen)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="on all databases together")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="at most, on each database")
    parser.add_argument("--home", default="", help="only databases whose name starts with this")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(home: object, share: int, asked: argparse.Namespace) -> int:
    from tests.bench.homes import ROOT, Home

    assert isinstance(home, Home)
    words = ["--inputs", str(share), "--seed", str(asked.seed), "--minutes", str(asked.minutes)]
    with home.fresh() as database:
        environment = home.environment(database) | {
            "REDIS_URL": "",
            "LOG_LEVEL": "CRITICAL",
            "THROTTLE_EVENTS_PER_SECOND": "1000000",
            "THROTTLE_EVENTS_BURST": "1000000000",
        }
        command = [sys.executable, "-m", "tests.fuzzing", *words, "--child", home.name]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _child(asked: argparse.Namespace) -> int:
    import django

    django.setup()
    from tests.fuzzing.running import fuzz, grow, make_world

    began, world = time.monotonic(), make_world()
    until = began + asked.minutes * 60
    done = fuzz(world, number=asked.inputs, first_seed=asked.seed, until=until)
    counts = ", ".join(f"{number} × {status}" for status, number in sorted(world.statuses.items()))
    took_s = time.monotonic() - began
    say(f"{asked.child}: {done} inputs in {took_s:.0f} s: {counts}")
    say(f"{asked.child}: the slowest took {world.slowest_s * 1000:.0f} ms of CPU")
    if done < asked.inputs:
        say(f"ENDED EARLY: {asked.inputs - done} inputs are left after {asked.minutes} minutes.")
    troubles = grow(world)
    for trouble in troubles:
        say(f"TOO SLOW on {asked.child}: {trouble}")
    return int(bool(troubles) or done < asked.inputs)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "meshes.settings")
    sys.exit(main())
