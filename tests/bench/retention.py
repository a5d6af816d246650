"""What a million events take on the disk, and what it costs to remove them again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.db.models import Max
from django.utils import timezone

from deliveries import retention, tallies
from deliveries.models import Attempt, Delivery, Event
from tests.bench.bench import Bench
from tests.bench.copying import Originals, copy_history
from tests.bench.figures import Line
from tests.bench.metering import backends
from tests.bench.senders import event_of
from tests.bench.world import Site, let_go, load, read_statistics, sites, wait_until_done

NUMBER, NUMBER_QUICK = 200_000, 20_000
REMOVES_FOR_S, REMOVES_FOR_S_QUICK = 20.0, 5.0
DAYS = 100.0
WITHIN_S = 60.0
EMAIL = "person-1@example.org"
ORIGINALS = 2
SQLITE_SIZE = """
SELECT COALESCE(SUM(pages.pgsize), 0) FROM dbstat pages JOIN sqlite_master made USING (name)
WHERE made.tbl_name = %s AND made.type = %s
"""


def measure(bench: Bench) -> Iterator[Line]:
    """The bytes of a row in each table, and the processor time of an event that is removed."""
    number = NUMBER_QUICK if bench.quick else NUMBER
    with sites(1, people=1) as (_boxes, (site,)):
        with bench.worker():
            originals = _originals(site)
        first = 1 + max(table._default_manager.aggregate(n=Max("pk"))["n"] for table in TABLES)
        copy_history(originals, first=first, last=first + number - 1, days=DAYS)
        read_statistics()
        yield from _sizes(bench, number)
        yield _removed(bench, REMOVES_FOR_S_QUICK if bench.quick else REMOVES_FOR_S)


TABLES: tuple[type[models.Model], ...] = (Event, Delivery, Attempt)


def _originals(site: Site) -> Originals:
    """Two events of a person that a worker delivered: the first one made the contact."""
    for _ in range(ORIGINALS):
        load(site.rule, [EMAIL])
        Event.objects.filter(email=EMAIL).update(**_said())
        Delivery.objects.filter(email=EMAIL).update(page_id=_said()["page_id"])
        let_go(in_s=0.0)
        if not wait_until_done(within_s=WITHIN_S):
            raise RuntimeError("The originals were not delivered.")
    new, known = Event.objects.filter(email=EMAIL).order_by("pk")
    return Originals(new, known)


def _said() -> dict[str, Any]:
    """The columns that intake fills from what a product says."""
    event = event_of(1)
    payload = event["payload"]
    told = {name: payload[name] for name in ("user_id", "page_id", "page_title", "completed_at")}
    place = {name: event[name] for name in ("resource", "resource_id")}
    return {**place, **told, "sequence_step": str(payload["sequence_step"]), "payload": payload}


def _sizes(bench: Bench, number: int) -> Iterator[Line]:
    whole = 0.0
    for table in TABLES:
        rows, indexes = _bytes(table._meta.db_table)
        whole += rows + indexes
        yield bench.line(
            f"bytes of a row, {table._meta.verbose_name}",
            measured=f"{rows / number:.0f} + {indexes / number:.0f}",
            note=f"the row and what its indexes take of it, {number:,} rows that went through "
            "all the changes of a delivery",
        )
    yield bench.line(
        "a million events with a delivery each",
        measured=f"{whole / number / 1000:.1f} GB",
        note="with their attempts, indexes included",
    )


def _bytes(table: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [table, table])
            rows, indexes = cursor.fetchone()
            return rows, indexes
        found = []
        for kind in ("table", "index"):
            cursor.execute(SQLITE_SIZE, [table, kind])
            found.append(cursor.fetchone()[0])
    return found[0], found[1]


def _removed(bench: Bench, seconds: float) -> Line:
    """The processor time of this process and of the database for each event that goes."""
    now = timezone.now()
    # Ids rise with time in every history, so the originals must be the oldest of this one.
    Event.objects.filter(email=EMAIL).update(created_at=now - timedelta(days=DAYS + 1))
    tallies.count_on(now, until=time.monotonic() + WITHIN_S)
    retention.start_over()
    own, server, began = time.process_time(), _server_s(), time.monotonic()
    removed = retention.remove_old(now, until=began + seconds)
    if not removed:
        raise RuntimeError("Nothing was removed.")
    own_ms = (time.process_time() - own) / removed * 1000
    server_ms = (_server_s() - server) / removed * 1000
    took_s = time.monotonic() - began
    beside = f" + {server_ms:.2f} in the database" if connection.vendor == "postgresql" else ""
    return bench.line(
        "removing an event",
        measured=f"{own_ms:.2f} ms{beside}",
        note=f"processor time, with delivery and attempt; {removed:,} events in {took_s:.0f} s, "
        "breaks included",
    )


def _server_s() -> float:
    """The processor time of the server's processes for this database so far."""
    return sum(backends().values())
