"""The guide through the first steps, from nothing to a confirmed test event.

It only shows how far a workspace is and leads to the usual forms.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from connections.states import ago
from deliveries.admin_displays import address
from deliveries.guide_progress import STEPS, judged, read
from deliveries.guide_rows import Rows, rows_of
from deliveries.guide_snippets import Snippet, snippets
from deliveries.guide_steps import EXAMPLE, Steps
from deliveries.models import Event
from deliveries.trial_prefill import body_of, prefilled
from deliveries.trial_waiting import of_workers
from meshes.admin_returning import back_of
from meshes.theme import may_open_guide
from meshes.visibility import visible_workspaces
from rules.models import Rule

LOCAL = ("localhost", "127.0.0.1", "::1")
TITLES = {EXAMPLE["page_id"]: "Connect your CRM"}
CHOICES = 200


def guide(request: HttpRequest) -> HttpResponse:
    """The page: the chosen workspace, else the newest that is not done."""
    if not may_open_guide(request):
        raise PermissionDenied
    now = timezone.now()
    context = {**admin.site.each_context(request), "title": "First steps"}
    context["page"] = page_of(request, now=now)
    return TemplateResponse(request, "admin/deliveries/guide.html", context)


def links(request: HttpRequest) -> dict[str, Any]:
    """The way back to the guide for pages that were opened from it."""
    return {"guide_back": SimpleLazyObject(lambda: _back(request))}


def page_of(request: HttpRequest, *, now: datetime) -> dict[str, Any]:
    """The steps, what keeps events from being sent, and the code to copy."""
    workspaces = judged(visible_workspaces(request.user), now=now).order_by("-created_at")
    known = list(workspaces.select_related("organization")[:CHOICES])
    workspace = _chosen(request, workspaces, known)
    rows = rows_of(workspace, now=now) if workspace else Rows()
    steps = Steps(request, rows, now=now).all()
    return {
        "workspace": workspace,
        "choices": sorted(known, key=lambda each: str(each.name).casefold()),
        "progress": rows.progress,
        "most": len(STEPS),
        "steps": steps,
        "obstacles": list(of_workers()),
        "snippets": _snippets(request, rows, key=steps[0].key, now=now),
        "arrived": _arrived(request, workspace) if workspace else None,
    }


def _chosen(request: HttpRequest, workspaces: Any, known: list[Any]) -> Any:
    asked = request.GET.get("workspace", "")
    if asked:
        try:
            found = workspaces.filter(pk=UUID(asked)).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404("There is no such workspace.")
        return found
    return next((each for each in known if not read(each).is_complete), next(iter(known), None))


def _snippets(request: HttpRequest, rows: Rows, *, key: str, now: datetime) -> tuple[Snippet, ...]:
    """An event that the rule of the workspace fits, from this person to try with."""
    if not key:
        return ()
    rule = rows.rule or Rule(workspace=rows.workspace, **EXAMPLE)
    email = getattr(request.user, "email", "") or "you@example.com"
    fields = {**prefilled(rule, email=email, now=now), "user_id": "usr_5012"}
    fields["page_title"] = fields["page_title"] or TITLES.get(rule.page_id, "Title of the page")
    return snippets(base=f"{_origin(request)}/api/v1", key=key, body=body_of(fields))


def _origin(request: HttpRequest) -> str:
    """Where products reach the installation.

    Why: a PUBLIC_URL of this machine alone says less than how the page was asked for.
    """
    host = urlsplit(settings.PUBLIC_URL).hostname
    if host in LOCAL:
        return f"{request.scheme}://{request.get_host()}"
    return str(settings.PUBLIC_URL)


def _arrived(request: HttpRequest, workspace: Any) -> dict[str, Any] | None:
    """The newest real event, for those who may see events."""
    if not request.user.has_perm("deliveries.view_event"):
        return None
    rows = Event.objects.filter(workspace=workspace, is_test=False).order_by("-pk")
    event = rows.only("created_at").first()
    if event is None:
        return {}
    return {"ago": ago(event.created_at), "url": address(event)}


def _back(request: HttpRequest) -> str:
    back = back_of(request)
    return back if urlsplit(back).path == reverse("guide") else ""
