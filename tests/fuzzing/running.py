"""Fuzzes one database in this process: batches of requests, then bodies that grow."""

from __future__ import annotations

import time
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.faults.saying import say
from tests.fuzzing.growth import FAMILIES, MOST, measured
from tests.fuzzing.inputs import Sent, requests, variants
from tests.fuzzing.judging import World

BATCH, VARIANTS, SAY_EVERY = 50, 9, 20


def make_world() -> World:
    """A sender with rules that match, with both kinds of keys."""
    from meshes.keys import create_machine_key
    from meshes.models import MachineKey
    from tests.contract.machine import Machine
    from tests.deliveries.senders import give_rules, make_sender

    sender = make_sender()
    give_rules(sender.workspace, 3)
    organization = sender.workspace.organization
    key: tuple[MachineKey, str] = create_machine_key(organization, name="Fuzz", by="tests")
    return World(sender.key, Machine(*key).token)


def fuzz(world: World, *, number: int, first_seed: int, until: float) -> int:
    """How many requests were judged, `number` or a few more; fewer when the time is over.

    Raises: AssertionError with the smallest request that shows what is wrong.
    Why: batches with a seed of their own keep Hypothesis's memory small.
    """
    batches = 0
    while world.judged < number and time.monotonic() < until:
        batch_of(world, BATCH, chosen=first_seed + batches)()
        batches += 1
        if batches % SAY_EVERY == 0:
            say(f"{world.judged} of {number} inputs")
    return world.judged


def batch_of(world: World, number: int, *, chosen: int) -> Any:
    """A function that judges so many requests with their variants, the same for the same seed."""

    @seed(chosen)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests, st.integers(0, 2**63))
    def judge(sent: Sent, number: int) -> None:
        for each in variants(sent, Random(number), VARIANTS):
            world.judge(each)

    return judge


def grow(world: World) -> list[str]:
    """A sentence for every family that takes much more than twice the time at twice the size."""
    troubles = []
    for name in FAMILIES:
        # Other programs of the machine may come in between; three times in a row they do not.
        growths = [measured(world, name)]
        while growths[-1].worst > MOST and len(growths) < 3:
            growths.append(measured(world, name))
        best = min(growths, key=lambda growth: growth.worst)
        milliseconds = " ".join(f"{seconds * 1000:.1f}" for seconds in best.seconds)
        say(f"{name}: {milliseconds} ms of CPU, at most {best.worst:.2f} times for twice the size")
        if best.worst > MOST:
            troubles.append(f"{name}: {best.worst:.1f} times the CPU for twice the size")
    return troubles
