"""What every list of rows has in common: its heading, and rows that lead nowhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch


class ListsMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Lists that offer to show all rows only where a search or a filter left some out.

    Shape: where `list_display_links` is None, no row leads anywhere.
    """

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; without a search and a filter it shows every row already."""
        listed: Any = super().get_changelist_instance(request)
        if not (listed.query or listed.has_active_filters):
            listed.full_result_count = listed.result_count
        if self.list_display_links is None:
            listed.url_for_result = _nowhere
        return listed

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """The columns that head a row: the first one where none is a link.

        Why: the theme names a first column that heads nothing “Select record”.
        """
        links = super().get_list_display_links(request, list_display)
        return list(list_display)[:1] if links is None else links


def _nowhere(_row: Any) -> str:
    # Both looks of the admin then show the column as plain text.
    raise NoReverseMatch("The rows of this list have no page.")
