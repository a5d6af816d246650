"""Somebody at work during a run: one deed after another from a shuffled deck, all counted."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping

import requests

from tests.faults.saying import say

EVERY_S = 1.2
Deed = Callable[[], None]


class Actor(threading.Thread):
    """Does one deed after another until stopped.

    Shape: `deck` says how often each deed comes in one deal. A deed counts
    itself in `counts` when there was something to do. `errors` are what a
    verb raised although it says nothing of the kind: a defect.
    """

    def __init__(self, name: str, *, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.dice = random.Random(seed)
        self.deck: Mapping[Deed, int] = {}
        self.before: tuple[Deed, ...] = ()
        self._dealt: list[Deed] = []
        self._over = threading.Event()

    def run(self) -> None:
        """Act until asked to stop; a database that is away only delays it."""
        while not self._over.wait(EVERY_S):
            for deed in (*self.before, self._next()):
                self.attempt(deed)

    def end(self) -> None:
        """Begin no other deed."""
        self._over.set()
        if self.is_alive():
            self.join()

    def attempt(self, deed: Deed) -> None:
        """Do it; what a broken database or sandbox prevents is left out."""
        from django.db import DatabaseError, InterfaceError, connection

        try:
            deed()
        except (DatabaseError, InterfaceError):
            self.counts["database away"] += 1
        except requests.RequestException as error:
            told = error.response.text[:200] if error.response is not None else ""
            say(f"  a sandbox did not take a switch: {type(error).__name__} {told}".rstrip())
        except Exception as error:  # noqa: BLE001  told in the verdict, and nobody stops for it
            self.errors.append(f"{getattr(deed, '__name__', deed)}: {error!r}")
        finally:
            connection.close()

    def _next(self) -> Deed:
        if not self._dealt:
            self._dealt = [deed for deed, number in self.deck.items() for _ in range(number)]
            self.dice.shuffle(self._dealt)
        return self._dealt.pop()
