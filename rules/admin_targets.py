"""What the rule form's script asks for: tags and lists by name, and reading them anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from connections.catalog import CatalogUnreadable, refresh_catalog
from connections.models import Connection
from meshes import audit
from meshes.audit import Kind
from meshes.visibility import visible_workspaces
from rules.targets import action_of, search_targets

SHOWN = 50


def connections_of(request: HttpRequest) -> QuerySet[Any]:
    """The live connections of the workspaces that this person may see."""
    live = Connection.objects.live().filter(workspace__in=visible_workspaces(request.user))
    return live.select_related("workspace", "account").order_by("name", "workspace__name")


class TargetsMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adds the two addresses, for people who may make or change rules."""

    def get_urls(self) -> list[URLPattern]:
        """The script's addresses before the usual ones."""
        wrap = self.admin_site.admin_view
        return [
            path("targets/", wrap(require_GET(self.targets)), name="rules_rule_targets"),
            path("targets/refresh/", wrap(require_POST(self.refresh)), name="rules_rule_refresh"),
            *super().get_urls(),
        ]

    def targets(self, request: HttpRequest) -> JsonResponse:
        """Up to 50 tags or lists whose name contains `q`, and whether there are more."""
        connection = self._connection(request, request.GET.get("connection", ""))
        action = action_of(connection.kind, request.GET.get("action", ""))
        if action is None or action.target_kind == "contact":
            return JsonResponse({"targets": [], "more": False})
        found, more = search_targets(
            connection, kind=action.target_kind, text=request.GET.get("q", ""), limit=SHOWN
        )
        rows = [{"id": entry.external_id, "label": entry.label} for entry in found]
        return JsonResponse({"targets": rows, "more": more})

    def refresh(self, request: HttpRequest) -> JsonResponse:
        """Read the account's tags and lists now, and say in a sentence what came."""
        connection = self._connection(request, request.POST.get("connection", ""))
        try:
            read = refresh_catalog(connection, now=timezone.now())
        except CatalogUnreadable as error:
            return JsonResponse({"ok": False, "message": str(error)})
        by = audit.person(request.user)
        audit.note(Kind.PRESSED, by=by, about=connection, said="Read tags and lists anew")
        words = f"Read {read.tags} tags and {read.lists} lists from {connection.account.key}."
        return JsonResponse({"ok": True, "message": words})

    def _connection(self, request: HttpRequest, pk: str) -> Connection:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        try:
            found: Connection | None = connections_of(request).filter(pk=UUID(pk)).first()
        except ValueError:
            found = None
        if found is None:
            raise Http404("There is no such connection.")
        return found
