"""The base of history pages: rows that nobody edits, shown with what they mean."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from deliveries.admin_seeking import SeekingList
from deliveries.capped_paginator import CappedPaginator
from deliveries.seeking import Asked
from meshes.admin_base import ModelAdmin
from meshes.admin_buttons import Button


class HistoryAdmin(ModelAdmin):
    """Rows that nobody adds, edits or deletes by hand.

    Shape: `fresh_template` is the part of a row's page that keeps itself
    fresh, which `?part=fresh` answers alone.
    """

    fresh_template = ""
    actions = None
    workspace_path = "workspace"
    ordering = ("-id",)
    sortable_by = ()
    paginator = CappedPaginator
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/deliveries/history_list.html"
    search_fields: ClassVar[list[str] | tuple[str, ...]] = (
        "=email",
        "=user_id",
        "=page_id",
        "=uuid",
    )
    search_help_text = "Whole email, user id, page id or event id"

    class Media:
        css = {"all": ["deliveries/history.css", "deliveries/jobs.css", "deliveries/funnel.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list without a second count in its heading."""
        listed = super().get_changelist_instance(request)
        listed.full_result_count = listed.result_count
        return listed

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The page of one row, with what it shows under `page`."""
        page = self.page_of(request, kwargs["obj"])
        if self.fresh_template and "part" in request.GET:
            return TemplateResponse(request, self.fresh_template, {"page": page})
        titles = {"title": page["sentence"], "subtitle": None, "page": page}
        return super().render_change_form(request, context | titles, *args, **kwargs)

    def own_page(
        self, request: HttpRequest, template: str, *, title: str, **more: Any
    ) -> TemplateResponse:
        """A page of this table that Django has none for, within the admin's frame."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": title,
            "media": self.media,
            **more,
        }
        return TemplateResponse(request, f"admin/deliveries/{template}", context)

    def page_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template of the row's page shows."""
        raise NotImplementedError

    def _may(self, request: HttpRequest, row: Any, button: Button) -> bool:
        # A button's page tells of the row, so only those who may see it get there.
        return self.has_view_permission(request, row) and super()._may(request, row, button)


class SeekingAdmin(HistoryAdmin):
    """History that may be millions of rows, so that its list counts nothing."""

    change_list_template = "admin/deliveries/seeking_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[SeekingList]:
        """The list that follows an index."""
        return SeekingList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list as it is, for it has no second count."""
        return super(HistoryAdmin, self).get_changelist_instance(request)

    def asked_by_term(self, request: HttpRequest, term: str) -> Asked:
        """What the search box asks."""
        raise NotImplementedError

    def prepared(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one page, with what the list shows of them."""
        return rows
