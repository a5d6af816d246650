"""An import in this process's hands: its lease, its calls, and where it goes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from connections import destinations
from connections.calling import open_line
from connections.clock import database_now
from connections.destinations.base import Call, Exchange
from connections.destinations.bulk import Bulk
from connections.models import Connection
from connections.pace import await_slot, reserve_slot
from deliveries.import_claiming import LEASE_S, OPEN
from deliveries.models import Delivery, ImportBatch

KEPT = timedelta(days=7)
PIECE_S = 5.0
"""A slot that is far off is waited for in pieces, so that the lease lasts and an end is seen."""


class ImportLost(Exception):
    """Another worker took this import over; nothing more may be done about it."""


class Interrupted(Exception):
    """The pump that drives this import ends; the next one goes on with it."""


def always() -> bool:
    """True: nobody waits for the end of this."""
    return True


class Hold:
    """The import and the proof that it is ours.

    Shape: `exchanges` are those of this hold, in order, masked; `going` says
    whether another call may still begin.
    """

    def __init__(self, batch: ImportBatch, *, going: Callable[[], bool] = always) -> None:
        self.batch = batch
        self.going = going
        self.exchanges: list[Exchange] = []

    @property
    def connection(self) -> Connection:
        """The connection that the import belongs to."""
        return self.batch.connection

    @property
    def bulk(self) -> Bulk:
        """The destination's importer."""
        bulk = destinations.destination(self.connection.kind).bulk
        if bulk is None:
            raise LookupError(f"The destination {self.connection.kind} imports nothing in bulk.")
        return bulk

    def line(self) -> Call:
        """The way to the account; each call takes a slot and renews the lease."""
        return open_line(
            self.connection, record=self.exchanges.append, before_call=self._before_call
        )

    def _before_call(self) -> None:
        left_s = reserve_slot(self.batch.account_id)
        while left_s > 0:
            self.check()
            await_slot(self.batch.account_id, seconds=min(left_s, PIECE_S))
            self._keep_lease()
            left_s -= PIECE_S
        self.check()
        self._keep_lease()

    def _keep_lease(self) -> None:
        self.change(lease_until=database_now() + timedelta(seconds=LEASE_S))

    def check(self) -> None:
        """Return while this import may go on here.

        Raises: Interrupted.
        """
        if not self.going():
            raise Interrupted("The pump ends.")

    def change(self, **columns: Any) -> None:
        """Write these columns of the import.

        Raises: ImportLost.
        """
        own = ImportBatch.objects.filter(OPEN, pk=self.batch.pk, lease_until=self.batch.lease_until)
        if not own.update(**columns):
            raise ImportLost("The lease of the import ran out.")
        for name, value in columns.items():
            setattr(self.batch, name, value)

    def look_again(self, at: datetime) -> None:
        """Let go until then."""
        self.change(next_look_at=at, lease_until=None)

    def finish(self, state: str, *, rest_s: float = 0.0) -> None:
        """The end; the account gets no new import before `rest_s` are over.

        Shape: called in the transaction that gives its deliveries back.
        """
        now = database_now()
        until = now + timedelta(seconds=rest_s) if rest_s else None
        self.change(state=state, finished_at=now, next_look_at=until, lease_until=None)
        Delivery.objects.filter(batch=self.batch).update(batch=None)


def hold_due(account_id: int, *, going: Callable[[], bool] = always) -> Hold | None:
    """An import of the account that wants attention now, in our hands; None when none does."""
    now = database_now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    due = ImportBatch.objects.filter(OPEN, free, account_id=account_id, next_look_at__lte=now)
    batch = due.select_related("connection").order_by("next_look_at").first()
    if batch is None:
        return None
    until = now + timedelta(seconds=LEASE_S)
    if not due.filter(pk=batch.pk).update(lease_until=until):
        return None
    batch.lease_until = until
    return Hold(batch, going=going)


def forget_old(account_id: int) -> None:
    """Delete the account's imports that ended a week ago."""
    ImportBatch.objects.exclude(OPEN).filter(
        account_id=account_id, finished_at__lt=database_now() - KEPT
    ).delete()
