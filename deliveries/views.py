"""The two addresses that take events: thin edges around `deliveries.intake`; one lists them too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from deliveries import descriptions, event_answers, intake
from deliveries.event_allowing import require_allowed, with_refusals
from deliveries.event_views import all_events
from deliveries.idempotency import HEADER, Answer, once
from deliveries.intake import Items, Record
from deliveries.reading import MOST_EVENTS, EventRequest, read_bulk, read_event
from deliveries.senders import Sender, key_sender, machine_sender
from meshes import throttling, tracing
from meshes.api_views import ApiView
from meshes.authentication import KeyHolder
from meshes.bearer import SenderAuthentication
from meshes.bodies import json_body
from meshes.machine_tokens import MachineHolder
from meshes.strict_json import DEEPEST, parse, parse_items


class IngestView(ApiView):
    """What both addresses share when events are posted: credential, throttle, body."""

    budget = throttling.EVENTS
    audited = False  # the events themselves say who sent them
    path: ClassVar[str]
    limit: ClassVar[str]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """A publishable key opens the posting of events and nothing else."""
        machine = super().get_authenticators()
        posting = getattr(self.request, "method", "") in ("POST", "OPTIONS")
        return [SenderAuthentication(), *machine] if posting else machine

    def check_throttles(self, request: Request) -> None:
        """Count this request: posting against the budget of events, the rest as everywhere."""
        if request.method == "POST":
            self.count(1)
        else:
            throttling.take(self.holder.key_id, budget=super().budget)

    def count(self, cost: int) -> None:
        """Count so many events against the key's own limits, or those of all keys."""
        holder = self.holder
        own = (
            (holder.events_per_second, holder.events_burst)
            if isinstance(holder, KeyHolder)
            else throttling.NO_OWN
        )
        throttling.take(holder.key_id, cost=cost, budget=self.budget, own=own)

    @property
    def holder(self) -> KeyHolder | MachineHolder:
        """Whoever holds the key that came with the request."""
        return cast("KeyHolder | MachineHolder", self.request.auth)

    def sender(self, value: Any) -> Sender:
        """Whoever posts this value, with the workspaces that it may go to."""
        holder = self.holder
        return (
            key_sender(holder) if isinstance(holder, KeyHolder) else machine_sender(holder, value)
        )

    def read(self) -> bytes:
        """The raw body."""
        return json_body(self.request._request, limit=getattr(settings, self.limit))

    def accept(
        self, items: Items, *, sender: Sender, raw: bytes, answer: Callable[[list[Record]], Answer]
    ) -> HttpResponse:
        """Store the events and answer."""
        first = next(item for item in items if isinstance(item, EventRequest))
        request_once = once(
            self.request.headers.get(HEADER),
            workspace_id=first.workspace_id,
            path=self.path,
            raw=raw + sender.mark.encode(),
        )
        with tracing.span("meshes.accept", path=self.path):
            result = intake.accept(
                items, sender=sender, answer=answer, once=request_once, now=timezone.now()
            )
        headers = {"Idempotency-Replayed": "true"} if result.replayed else {}
        return HttpResponse(
            result.text, status=result.status, content_type="application/json", headers=headers
        )


class EventsView(IngestView):
    """One event to accept, and all of them to read."""

    path, limit = "/api/v1/events", "MAX_EVENT_BYTES"

    @extend_schema(**event_answers.LIST)
    def get(self, request: Request) -> HttpResponse:
        """A page of all events that the machine key reaches."""
        return self.answer(all_events(self, request.query_params))

    @extend_schema(**descriptions.ONE_EVENT)
    def post(self, request: Request) -> HttpResponse:
        """Accept one event."""
        raw = self.read()
        value = parse(raw)
        sender = self.sender(value)
        event = read_event(value, workspace_id=sender.own, among=sender.versions)
        require_allowed(event, sender.only)
        return self.accept([event], sender=sender, raw=raw, answer=intake.single)


class BulkEventsView(IngestView):
    """Up to a hundred events at once."""

    path, limit = "/api/v1/events/bulk", "MAX_BULK_BYTES"

    @extend_schema(**descriptions.BULK_EVENTS)
    def post(self, request: Request) -> HttpResponse:
        """Accept an array of events, each on its own."""
        raw = self.read()
        value, unreadable = parse_items(raw, deepest=DEEPEST + 1)
        self.count_items(value)
        sender = self.sender(value)
        largest = settings.MAX_EVENT_BYTES
        read = read_bulk(
            value,
            workspace_id=sender.own,
            among=sender.versions,
            largest=largest if len(raw) > largest else None,
            unreadable=unreadable,
        )
        items = with_refusals(read, sender.only)
        return self.accept(items, sender=sender, raw=raw, answer=intake.bulk)

    def count_items(self, value: Any) -> None:
        """Count the items beyond the first, which the request itself counted as."""
        beyond = len(value) - 1 if isinstance(value, list) else 0
        if 0 < beyond < MOST_EVENTS:
            self.count(beyond)
