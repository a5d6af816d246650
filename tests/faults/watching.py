"""Looks into the database twice a second: what is left to do, and how long it stays in hand."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

LOOK_EVERY_S = 0.5


@dataclass(slots=True)
class InHand:
    """One delivery under one lease.

    Shape: `sign_of_life` is when the lease was last given or renewed,
    `seen_at` when the delivery was last found in `processing` under it.
    """

    delivery_id: int
    sign_of_life: datetime
    seen_at: datetime

    @property
    def silent_s(self) -> float:
        """How long it was in hand without a sign of life, in seconds."""
        return (self.seen_at - self.sign_of_life).total_seconds()


class Watch(threading.Thread):
    """Samples until it is stopped; survives a database that is away.

    Shape: `work` counts by kind what has not ended beside single deliveries.
    """

    def __init__(self) -> None:
        super().__init__(name="watch", daemon=True)
        self.backlog = 0
        self.processing = 0
        self.work: Counter[str] = Counter()
        self.samples = 0
        self.in_hand: dict[tuple[int, str], InHand] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Look until asked to stop."""
        from django.db import DatabaseError, InterfaceError, connection

        while not self._over.wait(LOOK_EVERY_S):
            try:
                self._look()
            except (DatabaseError, InterfaceError):
                connection.close()
        connection.close()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self.is_alive():
            self.join()

    def _look(self) -> None:
        from connections.clock import database_now
        from deliveries.claiming import LEASE_S
        from deliveries.models import UNFINISHED, Delivery

        self.backlog = Delivery.objects.filter(UNFINISHED, held_reason="").count()
        held = Delivery.objects.filter(status="processing")
        rows = list(held.values_list("pk", "lease_token", "lease_until"))
        self.work = _work_left()
        now = database_now()
        self.processing = len(rows)
        self.samples += 1
        for delivery_id, token, until in rows:
            self._note((delivery_id, str(token)), until - timedelta(seconds=LEASE_S), now)

    @property
    def at_rest(self) -> bool:
        """Whether nothing was left to do at the last look."""
        return self.backlog == 0 and not self.work

    def _note(self, key: tuple[int, str], sign_of_life: datetime, now: datetime) -> None:
        known = self.in_hand.get(key)
        if known is None:
            self.in_hand[key] = InHand(key[0], sign_of_life, now)
            return
        known.sign_of_life = max(known.sign_of_life, sign_of_life)
        known.seen_at = now


def _work_left() -> Counter[str]:
    """What a person or a job has yet to bring to its end, by kind."""
    from deliveries.import_claiming import OPEN
    from deliveries.models import BackgroundJob, Delivery, Erasure, ImportBatch

    return +Counter(
        {
            "jobs": BackgroundJob.objects.filter(state__in=("running", "paused")).count(),
            "imports": ImportBatch.objects.filter(OPEN).count(),
            "erasures": Erasure.objects.filter(state="running").count(),
            "held": Delivery.objects.exclude(held_reason="").count(),
        }
    )
