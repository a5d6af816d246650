"""Runs things at the same moment on threads, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(number: int, work: Callable[[], T]) -> list[T]:
    """What each of the threads returned; all begin together."""
    barrier = threading.Barrier(number)

    def one() -> T:
        try:
            barrier.wait(timeout=20)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return [future.result(timeout=60) for future in [pool.submit(one) for _ in range(number)]]


def aside(work: Callable[[], object]) -> threading.Thread:
    """A started thread that does this work; join it."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
