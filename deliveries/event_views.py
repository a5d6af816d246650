"""Reading events, and canceling what waits of one: thin edges.

Source: Meshes API wire contract, sections 5 (3 to 5, 11 and 18) and 7.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from deliveries import event_answers as says
from deliveries.canceling import Canceled, cancel_event
from deliveries.event_records import event_record, event_records, shown_events
from deliveries.event_search import Wanted, find_events
from deliveries.models import Event, Status
from deliveries.payload_looks import look_by_key
from meshes.api_errors import BadRequest, Conflict, NotFound
from meshes.api_views import ApiView
from meshes.list_filters import BAD_PARAMETERS, text_filters
from meshes.pagination import Listing, asked_page, cursor_at, envelope
from meshes.reach import reachable_ids


def page_of_events(
    query: Mapping[str, str], *, wanted: Wanted, workspaces: Sequence[UUID], listing: Listing
) -> dict[str, Any]:
    """The envelope of the page of events that `limit` and `cursor` ask for.

    Raises: BadRequest.
    """
    limit, position = asked_page(query, model=Event, listing=listing)
    before = None if position is None else int(position[0])
    page = find_events(wanted, workspaces=workspaces, before=before, size=limit)
    below = page.goes_on_at
    cursor = None if below is None else cursor_at([str(below)], listing=listing)
    return envelope(event_records(page.ids), limit=limit, next_cursor=cursor)


def all_events(view: ApiView, query: Mapping[str, str]) -> dict[str, Any]:
    """The envelope of a page of all events that the view's caller reaches.

    Raises: BadRequest.
    """
    return page_of_events(
        query,
        wanted=Wanted(),
        workspaces=reachable_ids(view.caller),
        listing=view.listing("events"),
    )


class OneEventView(ApiView):
    """What the addresses of one event share."""

    def event(self, event_id: UUID) -> Event:
        """The event within the key's reach, without its payload.

        Raises: NotFound.
        """
        found: Event = self.found(shown_events(), noun="event", uuid=event_id)
        return found


class EventView(OneEventView):
    """One event."""

    @extend_schema(**says.SHOW)
    def get(self, request: Request, event_id: UUID) -> HttpResponse:
        """The event with its rule events."""
        return self.answer(event_record(self.event(event_id)))


class PayloadView(OneEventView):
    """What an event carried."""

    @extend_schema(**says.PAYLOAD)
    def get(self, request: Request, event_id: UUID) -> HttpResponse:
        """The event with its payload; the look is written down under the key's name."""
        event = self.event(event_id)
        if event.erased_at is not None:
            raise NotFound(says.ERASED)
        payload = look_by_key(event, by=self.caller.created_by, now=timezone.now())
        return self.answer({**event_record(event), "payload": payload})


class CancelEventView(OneEventView):
    """The end of what an event waits for."""

    @extend_schema(**says.CANCEL)
    def post(self, request: Request, event_id: UUID) -> HttpResponse:
        """The event after all of its deliveries that had not ended were stopped."""
        event = self.event(event_id)
        done = cancel_event(event, by=self.caller.created_by, now=timezone.now())
        if done == Canceled():
            raise Conflict(says.ALL_ENDED)
        return self.answer(event_record(event))


class WorkspaceEventsView(ApiView):
    """The events of a workspace."""

    @extend_schema(**says.LIST_OF_WORKSPACE)
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """A page of the workspace's events that fit the filters."""
        workspace = self.workspace(workspace_id)
        query = request.query_params
        page = page_of_events(
            query,
            wanted=wanted_events(query),
            workspaces=[workspace.pk],
            listing=self.listing("workspace-events"),
        )
        return self.answer(page)


def wanted_events(query: Mapping[str, str]) -> Wanted:
    """What the query parameters narrow the events by.

    Raises: BadRequest with every fault.
    """
    texts, faults = text_filters(query)
    status = query.get("status")
    if status is not None and status not in Status.values:
        faults.append(says.BAD_STATUS)
    if faults:
        raise BadRequest(BAD_PARAMETERS, data=faults)
    return Wanted(status=Status(status) if status is not None else None, **texts)
