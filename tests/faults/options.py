"""What a run was asked for."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.combinations import ALL, SOAKED, Combination, named

MOST_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Options:
    """The length and density of a run, its seed, and what it runs on.

    Units: seconds and minutes; `most_faults` 0 asks for no number of faults.
    """

    combinations: tuple[Combination, ...]
    seed: str
    seconds: float
    most_faults: int
    kill_every_s: float
    rate: float
    latency_s: float
    soak: bool
    child: str


def read(words: Sequence[str]) -> Options:
    """The options of a command line; exits with a sentence when they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="time of injection, each")
    parser.add_argument("--seed", default="", help="repeats a run's plan; any text")
    parser.add_argument("--only", default="", help="combinations, comma-separated")
    parser.add_argument("--soak", action="store_true", help="run for long")
    parser.add_argument("--minutes", type=float, default=60.0, help="of a soak, each, at most")
    parser.add_argument("--faults", type=int, default=5000, help="of a soak, each")
    parser.add_argument("--kill-every", type=float, default=0.0, help="seconds between faults")
    parser.add_argument("--rate", type=float, default=30.0, help="requests a second, per account")
    parser.add_argument("--latency", type=float, default=0.06, help="seconds of each answer")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if not 0 < given.minutes <= MOST_MINUTES or given.seconds <= 0:
        parser.error(f"--minutes must be at most {MOST_MINUTES}, and times more than 0.")
    try:
        chosen = named(filter(None, given.only.split(","))) or (SOAKED if given.soak else ALL)
    except ValueError as error:
        parser.error(str(error))
    return Options(
        combinations=chosen,
        seed=given.seed or str(random.SystemRandom().randrange(10**6)),
        seconds=given.minutes * 60 if given.soak else given.seconds,
        most_faults=given.faults if given.soak else 0,
        kill_every_s=given.kill_every or (3.0 if given.soak else 2.5),
        rate=given.rate,
        latency_s=given.latency,
        soak=given.soak,
        child=given.child,
    )
