"""Events as lines of a page: who, what, when, and what came of each; a payload is never read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from deliveries import admin_displays as displays
from deliveries import wording
from deliveries.admin_displays import Line
from deliveries.models import Delivery, Event

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event; `person_url` is empty when nobody is named, `verdict` says what rules said."""

    sentence: str
    url: str
    person: str
    person_url: str
    received: str
    is_test: bool
    verdict: str
    deliveries: tuple[Line, ...]
    more: int


def lines_of(ids: Sequence[int], *, now: datetime) -> list[EventLine]:
    """The events with these ids, newest first, with two queries for all of them."""
    deliveries = Delivery.objects.select_related(*displays.RELATED_TO_LINES).order_by("id")
    deliveries = deliveries.only(*displays.COLUMNS_OF_LINES)
    rows = Event.objects.filter(pk__in=ids).defer("payload").order_by("-pk")
    rows = rows.annotate(sent_completed_at=displays.sent_completed_at())
    shown: Iterator[Any] = rows.prefetch_related(Prefetch("deliveries", deliveries, "shown"))  # type: ignore[assignment]
    return [_line(row, now=now) for row in shown]


def _line(event: Any, *, now: datetime) -> EventLine:
    deliveries = event.shown
    return EventLine(
        sentence=wording.sentence(event, sent_completed_at=event.sent_completed_at),
        url=displays.address(event),
        person=displays.person(event),
        person_url=displays.person_address(event),
        received=wording.moment(event.created_at),
        is_test=event.is_test,
        verdict=_verdict(event, deliveries),
        deliveries=tuple(displays.lines(deliveries[:MOST_LINES], now=now)),
        more=max(0, len(deliveries) - MOST_LINES),
    )


def _verdict(event: Event, deliveries: Sequence[Delivery]) -> str:
    if not deliveries:
        return "Its deliveries went with old history" if event.total_rules else "Matched no rule"
    rules = f"{len(deliveries)} rule{'s' if len(deliveries) > 1 else ''}"
    return f"Matched {rules}: {wording.tally(deliveries)}"
