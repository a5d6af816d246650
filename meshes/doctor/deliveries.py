"""Whether deliveries go out in time, and whether the books add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connections.clock import database_now
from deliveries import wording
from deliveries.models import BooksCheck, Delivery
from meshes.doctor.findings import Asked, Finding, broken, ok, warning
from meshes.hidden import shown

LATE = timedelta(minutes=10)
OLD = timedelta(hours=1)


def look(_asked: Asked) -> Iterator[Finding]:
    """Whether a delivery that could go out has waited for long; held ones wait for a person."""
    now = database_now()
    due = Delivery.objects.due(now).filter(shown()).order_by("next_attempt_at")
    first = due.values_list("next_attempt_at", flat=True).first()
    late = now - first if first else timedelta(0)
    if late > LATE:
        yield warning(
            f"A delivery has been due for {wording.duration(round(late.total_seconds()) * 1000)}.",
            "See the lines on workers and accounts; a slow or paused account has a long queue.",
        )
    else:
        yield ok("No delivery is late." if first else "No delivery is due.")


def books(_asked: Asked) -> Iterator[Finding]:
    """What the last recount of all rows said."""
    latest = BooksCheck.objects.order_by("-checked_at").first()
    if latest is None:
        yield ok("The books have not been counted yet; a worker does so every ten minutes.")
    elif not latest.balanced:
        yield broken(
            f"The books do not add up: {len(latest.faults)} sums differ.",
            "Run: python manage.py verify",
        )
    elif database_now() - latest.checked_at > OLD:
        yield warning(
            "The books were last counted more than an hour ago.",
            "A worker does so every ten minutes; see the line on workers.",
        )
    else:
        yield ok("The books add up.")
