"""Calls of one process to one account leave a whole gap apart."""

from __future__ import annotations

import threading
import time

from connections.departures import Departures

GAP_S = 0.21


class Clock:
    """A clock that only moves when somebody sleeps or says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def departures(clock: Clock) -> Departures:
    apart = Departures(clock=lambda: clock.now, sleep=clock.sleep)
    apart.keep_apart(1, seconds=GAP_S)
    return apart


def test_a_call_right_after_a_late_one_waits_for_the_rest_of_the_gap():
    clock = Clock()
    apart = departures(clock)

    apart.wait(1)
    clock.now += 0.05
    apart.wait(1)

    assert round(clock.now - 100.0, 6) == GAP_S


def test_a_call_that_keeps_its_distance_leaves_at_once():
    clock = Clock()
    apart = departures(clock)

    apart.wait(1)
    clock.now += GAP_S
    apart.wait(1)

    assert clock.now == 100.0 + GAP_S


def test_accounts_do_not_wait_for_each_other():
    clock = Clock()
    apart = departures(clock)
    apart.keep_apart(2, seconds=GAP_S)

    apart.wait(1)
    apart.wait(2)

    assert clock.now == 100.0


def test_threads_that_come_together_leave_one_after_the_other():
    left_at: list[float] = []
    apart = Departures()
    apart.keep_apart(1, seconds=0.02)
    together = threading.Barrier(5)
    began = time.monotonic()

    def call() -> None:
        together.wait()
        apart.wait(1)
        left_at.append(time.monotonic())

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(left_at) - began >= 0.02 * 4
