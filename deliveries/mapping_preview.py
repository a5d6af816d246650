"""Shows what a mapping that is being edited would make of a recent event; stores nothing.

The values themselves are shown to those who may see payloads and ask for them, and that is
a look that is written down; everybody else, and everybody before that, sees their kinds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from connections.models import Connection
from deliveries import payload_looks, wording
from deliveries.models import Event
from rules.admin_targets import connections_of
from rules.facts import normalized_email
from rules.mapping import EMAIL, evaluate
from rules.mapping_editing import Editing, typed
from rules.mapping_rows import Row, field_of
from rules.mapping_schema import PATH
from rules.mapping_words import source_words

EVENTS, PATHS, DEEPEST, LONGEST = 15, 200, 5, 200


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the preview; `trouble` says why a field would get nothing."""

    label: str
    source: str
    found: str
    result: str
    trouble: str = ""


class MappingPreviewMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the preview's address to the page of events."""

    def get_urls(self) -> list[URLPattern]:
        """The preview before the usual addresses."""
        view = self.admin_site.admin_view(require_POST(self.preview_mapping))
        mine = path("mapping-preview/<uuid:pk>/", view, name="deliveries_mapping_preview")
        return [mine, *super().get_urls()]

    def preview_mapping(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The sent mapping applied to the chosen event, or to the newest one."""
        connection = connections_of(request).filter(pk=pk).first()
        if connection is None:
            raise Http404("There is no such connection.")
        if not (self.has_view_permission(request) and _may_see_mappings(request)):
            raise PermissionDenied
        context = _preview(request, connection)
        name = "mapping_preview" if "part" in request.GET else "mapping_preview_page"
        page = {**self.admin_site.each_context(request), "media": self.media, **context}
        return TemplateResponse(request, f"admin/deliveries/{name}.html", page)


def _may_see_mappings(request: HttpRequest) -> bool:
    asked = ("rules.view_mappingversion", "rules.add_mappingversion")
    return any(request.user.has_perm(each) for each in asked)


def _preview(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    editing, sent = typed(connection, request.POST)
    recent = _recent(connection)
    chosen = _chosen(recent, request.POST.get("event", ""))
    context = {
        "title": f"Preview of the field mapping of {connection}",
        "connection": connection,
        "events": [(str(each.uuid), _named(each), each is chosen) for each in recent],
        "sent": [(k, v) for k, v in request.POST.items() if k not in ("event", "do")],
    }
    if chosen is None:
        return context
    may_look = payload_looks.may_look(request.user, chosen)
    clear = may_look and "values" in request.POST
    if clear:
        payload_looks.look_on(chosen, user=request.user, now=timezone.now())
    lines = [_line(editing, row, chosen.payload, clear=clear) for row in sent.kept]
    return context | {
        "lines": lines,
        "clear": clear,
        "may_look": may_look,
        "verdict": _verdict(sent.schema, chosen.payload, faulty=sent.faulty),
        "paths": sorted(_paths(chosen.payload))[:PATHS],
    }


def _recent(connection: Connection) -> list[Event]:
    events = Event.objects.filter(workspace_id=connection.workspace_id, erased_at__isnull=True)
    return list(events.order_by("-id")[:EVENTS])


def _chosen(recent: list[Event], asked: str) -> Event | None:
    return next((each for each in recent if str(each.uuid) == asked), recent[0] if recent else None)


def _named(event: Event) -> str:
    about = f", {event.page_title}" if event.page_title else ""
    test = ", test" if event.is_test else ""
    return f"{event.event}{about}{test}, {wording.moment(event.created_at, seconds=True)}"


def _line(editing: Editing, row: Row, payload: Mapping[str, Any], *, clear: bool) -> Line:
    label = next((each.label for each in editing.dests if each.key == row.dest), "No field chosen")
    if row.faults:
        return Line(label, source_words(row), "", "", " ".join(fault.words for fault in row.faults))
    entry = field_of(row)
    mapped = evaluate({"fields": [{**entry, "on_error": "warn_action"}]}, payload)
    plain = evaluate({"fields": [{"dest": "found", "source": entry["source"]}]}, payload)
    found, result = plain.values.get("found"), mapped.values.get(row.dest)
    trouble = " ".join(mapped.warnings) or _odd(editing, row, result)
    return Line(label, source_words(row), _shown(found, clear), _shown(result, clear), trouble)


def _odd(editing: Editing, row: Row, result: Any) -> str:
    dest = next((each for each in editing.dests if each.key == row.dest), None)
    if row.dest == EMAIL and not normalized_email(result):
        return "This is no email address, so the delivery would stop."
    if dest is None or not dest.options or result is None:
        return ""
    given = result if isinstance(result, list) else [result]
    unknown = [each for each in given if str(each) not in dest.options]
    return f"{dest.label} accepts only: {', '.join(dest.options[:20])}." if unknown else ""


def _verdict(schema: Mapping[str, Any], payload: Mapping[str, Any], *, faulty: bool) -> str:
    if faulty:
        return "This mapping cannot be saved yet: correct the marked rows first."
    mapped = evaluate(schema, payload)
    if mapped.failed:
        return f"A delivery of this event would stop. {mapped.failed}"
    if not normalized_email(mapped.values.get(EMAIL)):
        return "A delivery of this event would stop: the mapping finds no email address in it."
    count = len(mapped.values)
    return f"A delivery of this event would fill {count} {'field' if count == 1 else 'fields'}."


def _shown(value: Any, clear: bool) -> str:
    if value is None:
        return "nothing"
    if not clear:
        return _kind(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return {**kinds, dict: "an object", str: "a text"}.get(type(value), "a value")


def _paths(payload: Any, prefix: str = "", depth: int = 1) -> Iterator[str]:
    if not isinstance(payload, dict) or depth > DEEPEST:
        return
    for key, value in payload.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _paths(value, f"{name}.", depth + 1)
        elif PATH.fullmatch(name):
            yield name
