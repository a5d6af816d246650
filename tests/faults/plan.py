"""What is broken when: a shuffled deck of faults, dealt at random intervals. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KILLS: Mapping[str, int] = {
    "kill_sender": 7,
    "kill_idle": 2,
    "kill_guard": 1,
    "kill_cluster": 2,
    "kill_supervisor": 2,
    "kill_web_worker": 2,
    "kill_web_master": 1,
}
RESTARTS: Mapping[str, int] = {"restart_worker": 1}
POSTGRES: Mapping[str, int] = {"restart_postgres_fast": 1, "restart_postgres_immediate": 1}
REDIS: Mapping[str, int] = {"flush_redis": 1, "restart_redis": 1}
CLOCK: Mapping[str, int] = {"jump_clock": 2}

# What is about contacts: the probe's own path stays whole, or the account stands still.
CONTACTS = {"path": "contact*"}
WEATHER: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("rate_limit", {"retry_after": 1, "probability": 0.05}),
    ("rate_limit_503", {"retry_after": 1, "probability": 0.1}),
    ("server_error", {"status": 500, "probability": 0.2}),
    ("server_error", {"status": 500, "probability": 0.2, "apply": True}),
    ("server_error", {"status": 502, "probability": 0.2}),
    ("cloudflare_502", {"retry_after": 2, "probability": 0.1, "apply": True}),
    ("login_page", {"probability": 0.08, **CONTACTS}),
    ("forbidden_empty", {"probability": 0.08, **CONTACTS}),
    ("hang", {"seconds": 3.0, "probability": 0.05}),
    ("hang", {"seconds": 3.0, "probability": 0.05, "apply": True}),
    ("hang", {"seconds": 35.0, "count": 1, "apply": True}),
    ("reset", {"probability": 0.15}),
    ("reset_after_write", {"probability": 0.25}),
    ("truncate", {"probability": 0.15}),
    ("empty_body", {"probability": 0.08, "method": "POST", **CONTACTS}),
    ("wrong_contact", {"probability": 0.15, "method": "POST", **CONTACTS}),
    ("wrong_contact", {"probability": 0.3, "method": "GET", **CONTACTS}),
    ("latency", {"seconds": 1.5, "probability": 0.2}),
    ("latency", {"seconds": 5.0, "probability": 0.1}),
    ("latency", {"seconds": 20.0, "count": 1}),
    ("drip", {"seconds": 2.0, "probability": 0.1}),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to inject so many seconds after the start."""

    at_s: float
    kind: str


def deck(*, postgres: bool, redis: bool, clock: bool) -> dict[str, int]:
    """How often each kind comes in one deal, for what this run has."""
    parts = [KILLS, RESTARTS]
    parts += [POSTGRES] * postgres + [REDIS] * redis + [CLOCK] * clock
    return {kind: weight for part in parts for kind, weight in part.items()}


def planned(cards: Mapping[str, int], *, every_s: float, dice: random.Random) -> Iterator[Planned]:
    """Faults without end, each kind as often as its weight in every deal.

    Units: on average one each `every_s` seconds.
    """
    at_s = 0.0
    while True:
        dealt = [kind for kind, weight in cards.items() for _ in range(weight)]
        dice.shuffle(dealt)
        for kind in dealt:
            at_s += dice.uniform(0.5, 1.5) * every_s
            yield Planned(at_s, kind)


def weather(dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sandbox faults without end, each once before any comes again."""
    while True:
        dealt = list(WEATHER)
        dice.shuffle(dealt)
        for name, options in dealt:
            yield name, dict(options)
