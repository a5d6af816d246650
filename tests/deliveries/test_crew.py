"""A bounded pool of senders that counts who works for whom."""

from __future__ import annotations

import threading
import time

from deliveries import crew as crew_module
from deliveries.crew import Crew


def test_work_runs_with_its_account_and_is_counted_until_it_ends():
    crew, go, seen = Crew(4), threading.Event(), []

    def work(account_id: int) -> None:
        seen.append(account_id)
        go.wait(10)

    for account_id in (7, 7, 8):
        crew.start(account_id, work)
    assert (crew.busy(7), crew.busy(8), crew.busy(9), crew.free()) == (2, 1, 0, 1)
    go.set()

    assert crew.finish(within_s=10)
    assert sorted(seen) == [7, 7, 8]
    assert (crew.busy(7), crew.free()) == (0, 4)


def test_finishing_waits_for_what_is_in_hand_and_leaves_no_thread():
    crew, done = Crew(3), []
    for number in range(3):
        crew.start(number, done.append)

    assert crew.finish(within_s=10)

    assert sorted(done) == [0, 1, 2]
    assert not any(thread.is_alive() for thread in crew._threads)


def test_finishing_does_not_wait_for_ever():
    crew, go = Crew(1), threading.Event()
    crew.start(1, lambda _: go.wait(10))

    assert not crew.finish(within_s=0.05)

    go.set()
    crew._threads[0].join(timeout=10)
    assert not crew._threads[0].is_alive()


def test_work_that_breaks_costs_neither_its_thread_nor_its_place(caplog):
    crew, done = Crew(1), []

    def broken(_: int) -> None:
        raise ZeroDivisionError("canary")

    crew.start(1, broken)
    crew.start(2, done.append)

    assert crew.finish(within_s=10)
    assert done == [2]
    assert [record.msg["event"] for record in caplog.records] == ["sender_broke"]


def test_threads_are_kept_for_the_next_work():
    crew, names = Crew(8), set()
    for _ in range(5):
        ended = threading.Event()
        crew.start(1, lambda _, ended=ended: (names.add(threading.get_ident()), ended.set()))
        assert ended.wait(10)
        with crew._changed:
            crew._changed.wait_for(lambda: not crew._busy.total(), timeout=10)

    assert crew.finish(within_s=10)
    assert len(names) == 1


def test_hands_that_are_stuck_are_made_up_for_until_the_most(monkeypatch):
    monkeypatch.setattr(crew_module, "STUCK_AFTER_S", 0.05)
    crew, go, begun = Crew(2, most=3), threading.Event(), threading.Barrier(3)

    def hang(_: int) -> None:
        begun.wait(10)
        go.wait(10)

    for account_id in (1, 2):
        crew.start(account_id, hang)
    begun.wait(10)
    assert crew.free() == 0

    time.sleep(0.1)

    assert crew.free() == 1
    go.set()
    assert crew.finish(within_s=10)


def test_work_that_goes_on_is_not_stuck(monkeypatch):
    monkeypatch.setattr(crew_module, "STUCK_AFTER_S", 0.2)
    crew, over = Crew(1, most=2), time.monotonic() + 0.6

    def busy(_: int) -> None:
        while time.monotonic() < over:
            crew.went_on()
            time.sleep(0.01)

    crew.start(1, busy)
    time.sleep(0.4)

    assert crew.free() == 0
    assert crew.finish(within_s=10)


def test_the_reserve_can_be_asked_for():
    crew, go = Crew(1, most=3), threading.Event()
    crew.start(1, lambda _: go.wait(10))

    assert (crew.free(), crew.free(to_the_last=True)) == (0, 2)

    go.set()
    assert crew.finish(within_s=10)
