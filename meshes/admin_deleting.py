"""Deleting in the admin: rows of configuration are marked, never removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from meshes.retiring import Use, retire, uses_of

CAME_BY = ("_popup", "_to_field", "_changelist_filters", "back")


class DeletingPage(admin.ModelAdmin):  # type: ignore[type-arg]
    """The page that asks before a row is deleted, or says what has to be done first.

    Shape: `deleting` says what deleting a row does, `in_the_way` what to do
    about the rows that need it, which are listed after that sentence;
    `every_row` is what the list has to be asked for to show all rows.
    """

    delete_confirmation_template = "admin/deleting.html"
    deleting = "It leaves the lists, and its history stays."
    in_the_way = "Delete what uses it first, then come back:"
    every_row: ClassVar[Mapping[str, str]] = {}

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """The page with the words of this table."""
        row, opts = context["object"], self.opts
        page = f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_change"
        came = urlencode({name: request.GET[name] for name in CAME_BY if name in request.GET})
        back = reverse(page, args=[row.pk]) + (f"?{came}" if came else "")
        context |= {"deleting": self.deleting, "in_the_way": self.in_the_way, "back": back}
        return super().render_delete_form(request, context)


class SoftDeleteMixin(DeletingPage):
    """Marks rows as deleted and refuses while other rows need them."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Mark one row."""
        retire(obj, by=request.user.get_username(), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Mark every chosen row."""
        for row in queryset:
            self.delete_model(request, row)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """What the confirmation lists: the rows, and what stands in the way."""
        rows = list(objs)
        in_the_way = [line for row in rows for line in self.needs(request, row)]
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        counts = {self.opts.verbose_name_plural: len(rows)}
        return [str(row) for row in rows], counts, lacking, in_the_way

    def needs(self, request: HttpRequest, row: Any) -> Iterable[str]:
        """What stands in the way of deleting the row, a line for each."""
        return [self._shown(request, row, use) for use in uses_of(row)]

    def _shown(self, request: HttpRequest, row: Any, use: Use) -> str:
        """The use in words, which lead people who may see these rows to their list."""
        site = self.admin_site
        page = site.get_model_admin(use.table) if site.is_registered(use.table) else None
        if page is None or not page.has_view_permission(request):
            return use.words
        opts, asked = use.table._meta, f"{use.column}__id__exact"
        address = reverse(f"{site.name}:{opts.app_label}_{opts.model_name}_changelist")
        may_ask = page.lookup_allowed(asked, str(row.pk), request)
        query = {**getattr(page, "every_row", {}), **({asked: row.pk} if may_ask else {})}
        link = f"{address}?{urlencode(query)}" if query else address
        return format_html('<a class="text-link" href="{}">{}</a>', link, use.words)
