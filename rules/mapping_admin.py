"""The staff's pages of field mappings: the newest of each connection, its editor, its versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections.models import Connection
from meshes import audit
from meshes.admin_base import ModelAdmin, who
from meshes.audit import Kind
from rules import mapping_pages
from rules.admin_targets import connections_of
from rules.mapping_editing import Editing, opened, saved, typed
from rules.mapping_rows import Row
from rules.models import MappingVersion

MAY_EDIT = "rules.add_mappingversion"


class NewestFilter(admin.SimpleListFilter):
    """One row per connection, unless every version is asked for."""

    title = "versions"
    parameter_name = "versions"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The choice besides the default."""
        return [("all", "Every version")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        if self.value() == "all":
            return queryset
        newer = MappingVersion.objects.filter(
            connection=OuterRef("connection"), version__gt=OuterRef("version")
        )
        return queryset.filter(~Exists(newer))


class MappingAdmin(ModelAdmin):
    """Field mappings: read as versions, changed in an editor that appends one."""

    workspace_path = "connection__workspace"
    when_empty = (
        "A connection has a mapping as soon as a rule uses it. Open a connection to change "
        "its mapping before that."
    )
    list_display = ("of_connection", "workspace", "number", "saved_by", "saved_at")
    list_display_links = None
    list_filter = (NewestFilter, ("connection__workspace", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("connection__workspace",)
    search_fields = ("connection__name",)
    search_help_text = "Part of the connection's name"

    class Media:
        css = {"all": ["rules/mapping.css"]}
        js = ["rules/mapping.js"]

    def get_ordering(self, _request: HttpRequest) -> tuple[str, ...]:
        """By connection, the newest version first."""
        return ("connection__name", "connection", "-version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Versions of connections that are not deleted."""
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.filter(connection__deleted_at__isnull=True)
        return rows.select_related("connection__workspace", "connection__account")

    def get_urls(self) -> list[URLPattern]:
        """The editor and the versions of a connection's mapping before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path("of/<uuid:pk>/", wrap(self.edit), name="rules_mappingversion_edit"),
            path("of/<uuid:pk>/versions/", wrap(self.versions), name="rules_mappingversion_all"),
            *super().get_urls(),
        ]

    def edit(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The editor; saving appends a version and comes back."""
        connection = self._connection(request, pk)
        if not request.user.has_perm(MAY_EDIT):
            if request.method == "POST":
                raise PermissionDenied
            return self._read(request, connection)
        if request.method == "POST":
            return self._sent(request, connection)
        return self._editor(request, opened(connection, version=self._older(request, connection)))

    def versions(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Every version of the connection's mapping, newest first."""
        connection = self._connection(request, pk)
        context = mapping_pages.versions(connection, before=request.GET.get("before", ""))
        return self._page(request, "versions", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One version for reading: what it says and what it changed."""
        version = self.get_object(request, object_id)
        if version is None or not self.has_view_permission(request, version):
            return super().change_view(request, object_id, form_url, extra_context)
        context = mapping_pages.version(version)
        context["may_edit"] = request.user.has_perm(MAY_EDIT)
        return self._page(request, "version", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The versions are the history."""
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404("There is no such version.")
        return self.versions(request, version.connection_id)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Not by Django's form: the editor appends versions."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: a version is not rewritten."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: deliveries are explained by their version."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see or save mappings."""
        return super().has_view_permission(request, obj) or request.user.has_perm(MAY_EDIT)

    @admin.display(description="Connection", ordering="connection__name")
    def of_connection(self, obj: MappingVersion) -> SafeString:
        """The connection, a link to its mapping."""
        url = reverse("admin:rules_mappingversion_edit", args=[obj.connection_id])
        return format_html('<a class="text-link" href="{}">{}</a>', url, obj.connection)

    @admin.display(description="Workspace", ordering="connection__workspace__name")
    def workspace(self, obj: MappingVersion) -> str:
        """The workspace's name."""
        return str(obj.connection.workspace)

    @admin.display(description="Version", ordering="version")
    def number(self, obj: MappingVersion) -> SafeString:
        """The number, a link to what it says."""
        url = reverse("admin:rules_mappingversion_change", args=[obj.pk])
        return format_html('<a class="text-link" href="{}">Version {}</a>', url, obj.version)

    @admin.display(description="Saved by")
    def saved_by(self, obj: MappingVersion) -> str:
        """Who made it."""
        return mapping_pages.author(obj)

    @admin.display(description="Saved", ordering="created_at")
    def saved_at(self, obj: MappingVersion) -> str:
        """When it was made."""
        return mapping_pages.moment(obj.created_at)

    def _sent(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        if request.POST.get("do") == "add":
            editing, _ = typed(connection, request.POST)
            editing.faults = []
            for row in editing.rows:
                row.faults = []
            editing.rows.append(Row())
            return self._editor(request, editing)
        outcome = saved(connection, request.POST, by=who(request), now=timezone.now())
        if outcome.again is not None:
            return self._editor(request, outcome.again)
        words = "Nothing was changed, so no new version was made."
        if outcome.saved is not None:
            by, said = audit.person(request.user), f"Saved mapping version {outcome.saved.version}"
            audit.note(Kind.PRESSED, by=by, about=connection, said=said)
            words = f"Saved as version {outcome.saved.version}. Rules use it from now on."
        self.message_user(request, words, messages.SUCCESS if outcome.saved else messages.INFO)
        return HttpResponseRedirect(
            reverse("admin:rules_mappingversion_edit", args=[connection.pk])
        )

    def _editor(self, request: HttpRequest, editing: Editing) -> HttpResponse:
        return self._page(request, "editor", mapping_pages.editor(editing))

    def _read(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        return self._page(request, "version", mapping_pages.newest(connection))

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, f"admin/rules/mapping_{name}.html", context)

    def _connection(self, request: HttpRequest, pk: UUID) -> Connection:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: Connection | None = connections_of(request).filter(pk=pk).first()
        if found is None:
            raise Http404("There is no such connection.")
        return found

    def _older(self, request: HttpRequest, connection: Connection) -> MappingVersion | None:
        asked = request.GET.get("from", "")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
            return None
        return connection.mappings.filter(version=int(asked)).first()
