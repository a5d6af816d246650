"""The staff's page of what the accounts hold: to look up, never to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from connections.activation import is_verified
from connections.models import CatalogEntry, Connection
from connections.states import ago
from meshes.admin_base import ModelAdmin
from meshes.visibility import limited_to


class PresenceFilter(admin.SimpleListFilter):
    """Entries that are there, unless those that went away are asked for."""

    title = "presence"
    parameter_name = "gone"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The choice besides the default."""
        return [("yes", "Deleted in the account")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        return queryset.filter(gone_at__isnull=self.value() != "yes")


class KindFilter(admin.SimpleListFilter):
    """Tags, lists or fields."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """The three kinds."""
        return [("tag", "Tags"), ("list", "Lists"), ("field", "Fields")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class AccountFilter(admin.SimpleListFilter):
    """One of the accounts that the person may see."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        """The accounts by host."""
        return sorted(accounts_of(request).items(), key=lambda pair: pair[1])

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen = self.value() or ""
        return queryset.filter(account_id=chosen) if chosen.isdecimal() else queryset


def accounts_of(request: HttpRequest) -> dict[str, str]:
    """Host by id of every account that accepted a key of the person's workspaces."""
    connections = limited_to(Connection.objects.live(), request.user, path="workspace")
    return {
        str(each.account_id): each.account.key
        for each in connections.select_related("account")
        if is_verified(each)
    }


class CatalogEntryAdmin(ModelAdmin):
    """Tags, lists and fields as last read."""

    list_display = ("label", "kind", "type", "number", "account", "seen", "gone")
    list_filter = (KindFilter, AccountFilter, PresenceFilter)
    list_select_related = ("account",)
    fields = ("label", "kind", "type", "choices", "number", "account", "seen", "gone")
    readonly_fields = fields
    search_fields = ("folded", "external_id")
    search_help_text = "Part of the name, or the id"
    ordering = ("folded", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogEntry]:
        """Entries of the accounts that the person may see."""
        return CatalogEntry.objects.filter(account_id__in=list(accounts_of(request)))

    @admin.display(description="Id")
    def number(self, obj: CatalogEntry) -> str:
        """The id in the account."""
        return obj.external_id

    @admin.display(description="Choices")
    def choices(self, obj: CatalogEntry) -> str:
        """What the field accepts, when it accepts no free text."""
        return ", ".join(obj.options)

    @admin.display(description="Last seen")
    def seen(self, obj: CatalogEntry) -> str:
        """When a reading found it last."""
        return ago(obj.seen_at).capitalize()

    @admin.display(description="Deleted there")
    def gone(self, obj: CatalogEntry) -> str:
        """Since when readings miss it."""
        return ago(obj.gone_at).capitalize() if obj.gone_at else ""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never: entries are read from the account."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: entries are changed in the account."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: entries are deleted in the account."""
        return False
