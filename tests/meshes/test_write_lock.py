"""Threads write in the order in which they asked, and nobody waits for one that is gone."""

from __future__ import annotations

import os
import threading
import time

import pytest

from meshes.sqlite.write_lock import WriteLock
from tests.threads import aside
from tests.workers import wait_for

LONG_S = 60.0


def queued(lock: WriteLock, done: list[str], name: str) -> threading.Thread:
    """A thread that stands in the queue now, and says its name when its turn has come."""
    before = lock.waiting

    def work() -> None:
        turn = lock.acquire(within_s=LONG_S)
        done.append(name)
        lock.release(turn)

    thread = aside(work)
    wait_for(lambda: lock.waiting == before + 1)
    return thread


def lost_turn(lock: WriteLock) -> None:
    """A thread takes the turn and ends without giving it back."""
    aside(lambda: lock.acquire(within_s=LONG_S)).join()


def test_turns_come_in_the_order_in_which_they_were_asked_for():
    lock, done = WriteLock(), []
    turn = lock.acquire(within_s=LONG_S)
    threads = [queued(lock, done, name) for name in "abcdefgh"]

    lock.release(turn)
    for thread in threads:
        thread.join(timeout=20)

    assert "".join(done) == "abcdefgh"


def test_the_turn_of_a_thread_that_is_gone_is_taken_over_once():
    lock = WriteLock()
    lost_turn(lock)

    began = time.monotonic()
    lock.release(lock.acquire(within_s=0.3))
    once = time.monotonic() - began
    queued_at = time.monotonic()
    aside(lambda: lock.release(lock.acquire(within_s=LONG_S))).join(timeout=20)

    assert once >= 0.3
    assert time.monotonic() - queued_at < LONG_S / 2


def test_a_turn_that_was_taken_over_is_given_back_without_effect():
    lock, done, lost = WriteLock(), [], []
    aside(lambda: lost.append(lock.acquire(within_s=LONG_S))).join()
    turn = lock.acquire(within_s=0.01)
    thread = queued(lock, done, "next")

    lock.release(lost[0])
    assert (lock.waiting, done) == (1, [])

    lock.release(turn)
    thread.join(timeout=20)
    assert done == ["next"]


def test_a_thread_with_the_turn_does_not_wait_for_itself():
    lock, done = WriteLock(), []
    lock.acquire(within_s=LONG_S)

    inner = lock.acquire(within_s=LONG_S)

    thread = queued(lock, done, "next")
    lock.release(inner)
    thread.join(timeout=20)
    assert done == ["next"]


def test_a_wait_that_breaks_leaves_the_queue():
    lock = WriteLock()
    lost_turn(lock)

    with pytest.raises(OverflowError):
        lock.acquire(within_s=2 * threading.TIMEOUT_MAX)

    assert lock.waiting == 0


def test_a_forked_process_starts_with_an_empty_queue():
    from meshes.sqlite.write_lock import lock_of

    lock = lock_of("/a/file/of/this/test.sqlite3")
    lost_turn(lock)

    child = os.fork()
    if not child:
        began = time.monotonic()
        lock.acquire(within_s=LONG_S)
        os._exit(0 if time.monotonic() - began < LONG_S / 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
