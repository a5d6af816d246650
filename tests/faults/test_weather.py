"""The sandboxes' changing faults, and the switches that somebody else needs."""

import random

from tests.faults.weather import Weather


class Account:
    """A sandbox that notes what is switched."""

    name = "beta"

    def __init__(self, *reserved):
        self.reserved, self.done = reserved, []

    def is_reserved(self, name):
        return name in self.reserved

    def clear(self, name):
        self.done.append(f"-{name}")

    def fault(self, name, **options):
        self.done.append(name)


def changed(account, *on, name="reset"):
    weather = Weather([], dice=random.Random(1))
    left = list(on)
    weather._change(account, left, name, {})
    return account.done, left


def test_a_fault_takes_the_place_of_the_oldest_of_three():
    assert changed(Account(), "hang", "drip", "latency") == (
        ["-hang", "reset"],
        ["drip", "latency", "reset"],
    )
    assert changed(Account(), "hang") == (["reset"], ["hang", "reset"])


def test_a_reserved_switch_is_neither_thrown_nor_cleared():
    assert changed(Account("reset")) == ([], [])
    assert changed(Account("hang"), "hang", "drip", "latency") == (
        ["reset"],
        ["drip", "latency", "reset"],
    )
